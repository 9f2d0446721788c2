//! Fixed phrases that answer questions of a kind, or put them off.

use std::sync::LazyLock;

use regex::Regex;

use crate::language::markup::pattern;

pub(super) static PUT_OFF: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)\b(?:i|we)(?:\s+(?:do|does|am|are)\s*(?:n['’]?t|\s+not)|\s*['’]m\s+not|\s+(?:am|are)\s+not|\s*['’]re\s+not|\s+cannot|\s+can\s*['’]?not|\s+ca\s*n['’]t|\s+can['’]t|\s+don['’]t)\s+(?:really\s+|currently\s+)?",
        r"(?:know|sure|certain|have\s+(?:\w+\s+){0,3}(?:information|details|data|access|answer|idea)|able\s+to\s+(?:say|answer|tell|help|provide|find)|say|tell|answer|help|provide|find|confirm)",
        r"|\bunable to (?:say|answer|tell|help|provide|find|confirm)|\bno idea\b|\bas an ai\b|\bnot specified\b|\b(?:is|are|does)(?:\s+not|n['’]t)\s+(?:say|mention|state|specify|provide)",
        r"|\bplease (?:rephrase|clarify)\b|\bcould you (?:please )?(?:clarify|tell|provide|share|specify)\b|\b(?:great|good) question\b|\bhow can i help\b|\blet me know\b|\bthank(?:s| you) for\b",
    ))
});
pub(super) static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"https?://\S+|www\.\S+|[\w.+-]+@[\w-]+\.\w+"));
pub(super) static WHEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)\b(?:now|today|tonight|tomorrow|yesterday|immediately|instantly|soon|shortly|right away|straight away|at once|always|never|already|currently|daily|weekly|monthly|yearly|annually|any ?time|at any time|at the moment|every \w+|each (?:day|week|month|year|morning|evening)|last (?:night|week|month|year|summer|winter|spring|autumn|fall)|next (?:week|month|year|summer|winter|spring|autumn|fall)|this (?:morning|afternoon|evening|week|month|year)|in (?:the )?(?:morning|afternoon|evening|spring|summer|autumn|fall|winter|future|past)|at night)\b",
        r"|\b(?:when|once|as soon as|after|before|until|by the time|during|upon|on dispatch|on arrival)\s+\w+",
    ))
});
pub(super) static LONG: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:for ?ever|indefinitely|permanently|for life|overnight|as long as \w+|until \w+|the same day|same-day|a (?:few|couple of|number of) (?:seconds|minutes|hours|days|weeks|months|years)|several (?:seconds|minutes|hours|days|weeks|months|years)|(?:a|an|one|the whole|the entire|all) (?:second|minute|hour|day|week|month|year|night|summer|winter)|no (?:time )?limit|instantly|immediately|no longer than \w+|seconds|minutes|hours|days|weeks|months|years|decades|centuries)\b",
    )
});
pub(super) static MANY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:none|no|zero|one|both|several|many|a few|few|a couple|a lot|dozens|hundreds|thousands|millions|billions|unlimited|no limit|as many as|a single|only a|just a|an?|once|twice)\b",
    )
});
pub(super) static MUCH: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:free|nothing|no (?:charge|fee|cost|extra cost)|at no|a lot|lots|little|enough|all|half|none|plenty|as much as|too much|not much|a bit|a cup|a pinch|full price)\b",
    )
});
pub(super) static OFTEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:daily|weekly|monthly|yearly|annually|hourly|quarterly|nightly|biweekly|once|twice|thrice|times|always|never|rarely|seldom|sometimes|often|usually|regularly|frequently|occasionally|every|each|per|whenever|as often as)\b",
    )
});
pub(super) static WHY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:because|since|as|due to|owing to|thanks to|so that|so|in order to|the reasons?|reason|that['’]?s why|caused by|cause[sd]?|result(?:s|ed)? (?:of|from)|means? that|for (?:safety|legal|technical|security|health|tax) \w+|to (?:avoid|prevent|protect|keep|make|ensure|help|save|reduce|allow|comply)|otherwise|therefore|hence|leads? to|given that|in case|law|rules?|requires?)\b",
    )
});
pub(super) static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:here|there|online|everywhere|nowhere|anywhere|upstairs|downstairs|outside|inside|abroad|worldwide|at home|overseas|nearby|next door|locally|underground|left|right|north|south|east|west)\b",
    )
});
pub(super) static HOW: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:by \w+ing|you (?:can|could|should|need|must|have to|may|will)|first|then|step|steps|using|with|through|via|simply|just|to \w+|carefully|manually|automatically|well|fine|badly|slowly|quickly|please)\b",
    )
});
pub(super) static PERSONS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:nobody|no one|everyone|everybody|anyone|anybody|someone|somebody|people|person|man|woman|men|women|child|children|staff|team|crew|support|courier|courier|customer|customers|owner|owners|police|government|parents?|members?|users?|authority|commission|company|department|holders?|[a-z]{2,}(?:ers?|ors?|ists?|ians?|ants?|ees?))\b",
    )
});
