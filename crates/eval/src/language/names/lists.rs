//! Words that stand with names, or look like them and are none.

/// Titles that go with a name but are none.
pub(super) const TITLES: &str = "\
    mr mrs ms miss dr prof professor sir madam president st jr sr phd ph.d md inc corp ltd \
    llc co gmbh plc";
/// Months, weekdays, and what stands beside times and years.
pub(super) const CALENDAR: &str = "\
    monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays \
    thursdays fridays saturdays sundays january february march april may june july august \
    september october november december jan feb mar apr jun jul aug sept sep oct nov dec mon \
    tue wed thu fri sat sun am pm a.m p.m utc gmt est cet pst bc ad bce ce";
/// Words in capitals that name nothing in particular, or are stressed.
pub(super) const COMMON: &str = "\
    ok okay faq faqs pdf url urls id ids tv pc pcs ps nb fyi asap diy tldr q a i usb api \
    apis html json http https sms vat tax ceo cto hr it ai qr pin atm gps dna usd eur gbp \
    note warning important tip tips step yes no not never always do dont must all only free \
    new stop caution danger and or the email internet web god christmas easter sir madam hi \
    hello dear thanks sorry please etc eg ie vs lol mum mom dad n s";
/// Small words within a name.
pub(super) const LINKS: &str = "\
    of the and de la del van von der den & for";
