//! Names of units -> what they measure, and how many base units one of them is.
//!
//! Units that need more than a factor (degrees Fahrenheit to Celsius) are dimensions of their own, as
//! is each currency. `pound` is money and weight, and so measures nothing here.

/// What a unit measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Dimension {
    /// Metres.
    Length,
    /// Square metres.
    Area,
    /// Grams.
    Mass,
    /// Litres.
    Volume,
    /// Seconds.
    Duration,
    /// Months: they have no fixed number of days.
    Months,
    /// Bytes.
    Data,
    /// Of one.
    Share,
    /// Percentage points.
    Points,
    /// Degrees Celsius.
    Celsius,
    /// Degrees Fahrenheit.
    Fahrenheit,
    /// Metres a second.
    Speed,
    /// Watts.
    Power,
    /// Joules.
    Energy,
    /// Hertz.
    Frequency,
    /// Volts.
    Voltage,
    /// Pixels.
    Pixels,
    /// Money of one currency, by its code.
    Money(&'static str),
}

impl Dimension {
    /// Whether it is a stretch of time.
    pub(crate) fn is_time(self) -> bool {
        matches!(self, Self::Duration | Self::Months)
    }
}

/// A unit: what it measures, and its factor.
pub(crate) type Unit = (Dimension, f64);

/// The currency of a sign.
pub(crate) fn currency(sign: &str) -> Option<Unit> {
    let code = match sign {
        "$" => "USD",
        "€" => "EUR",
        "£" => "GBP",
        "¥" => "JPY",
        "₹" => "INR",
        "₩" => "KRW",
        "₽" => "RUB",
        "₺" => "TRY",
        "₪" => "ILS",
        "฿" => "THB",
        "₫" => "VND",
        "₴" => "UAH",
        _ => return None,
    };
    Some((Dimension::Money(code), 1.0))
}

/// The unit of a code or abbreviation, in which capitals count.
fn exact(word: &str) -> Option<Unit> {
    use Dimension::{
        Area, Celsius, Data, Energy, Fahrenheit, Frequency, Mass, Power, Speed, Volume,
    };
    use Dimension::{Duration, Length, Money, Share, Voltage};
    Some(match word {
        "USD" => (Money("USD"), 1.0),
        "EUR" => (Money("EUR"), 1.0),
        "GBP" => (Money("GBP"), 1.0),
        "JPY" => (Money("JPY"), 1.0),
        "INR" => (Money("INR"), 1.0),
        "CHF" => (Money("CHF"), 1.0),
        "CAD" => (Money("CAD"), 1.0),
        "AUD" => (Money("AUD"), 1.0),
        "BRL" => (Money("BRL"), 1.0),
        "CNY" | "RMB" => (Money("CNY"), 1.0),
        "%" => (Share, 0.01),
        "m" => (Length, 1.0),
        "g" => (Mass, 1.0),
        "l" | "L" => (Volume, 1.0),
        "h" => (Duration, 3600.0),
        "s" => (Duration, 1.0),
        "W" => (Power, 1.0),
        "kW" => (Power, 1e3),
        "MW" => (Power, 1e6),
        "GW" => (Power, 1e9),
        "Wh" => (Energy, 3600.0),
        "kWh" => (Energy, 3.6e6),
        "MWh" => (Energy, 3.6e9),
        "V" => (Voltage, 1.0),
        "Hz" => (Frequency, 1.0),
        "kHz" => (Frequency, 1e3),
        "MHz" => (Frequency, 1e6),
        "GHz" => (Frequency, 1e9),
        "°C" | "℃" => (Celsius, 1.0),
        "°F" | "℉" => (Fahrenheit, 1.0),
        "m²" => (Area, 1.0),
        "km²" => (Area, 1e6),
        "km/h" => (Speed, 1.0 / 3.6),
        "m/s" => (Speed, 1.0),
        "B" => (Data, 1.0),
        _ => return None,
    })
}

/// The unit of a word, or of two words with a space between.
pub(crate) fn unit(word: &str) -> Option<Unit> {
    use Dimension::{
        Area, Celsius, Data, Duration, Energy, Fahrenheit, Length, Mass, Months, Power,
    };
    use Dimension::{Money, Pixels, Points, Share, Speed, Voltage, Volume};
    if let Some(unit) = exact(word) {
        return Some(unit);
    }
    let lower = word.to_ascii_lowercase();
    Some(match lower.as_str() {
        "mm" | "millimeter" | "millimeters" | "millimetre" | "millimetres" => (Length, 1e-3),
        "cm" | "centimeter" | "centimeters" | "centimetre" | "centimetres" => (Length, 1e-2),
        "meter" | "meters" | "metre" | "metres" => (Length, 1.0),
        "km" | "kilometer" | "kilometers" | "kilometre" | "kilometres" => (Length, 1e3),
        "inch" | "inches" => (Length, 0.0254),
        "ft" | "foot" | "feet" => (Length, 0.3048),
        "yard" | "yards" | "yd" => (Length, 0.9144),
        "mile" | "miles" | "mi" => (Length, 1609.344),
        "sq m" | "square meters" | "square metres" | "square meter" | "square metre" => (Area, 1.0),
        "square kilometers" | "square kilometres" => (Area, 1e6),
        "square feet" | "square foot" | "sq ft" => (Area, 0.092_903_04),
        "square miles" => (Area, 2.589_988e6),
        "hectare" | "hectares" | "ha" => (Area, 1e4),
        "acre" | "acres" => (Area, 4046.856),
        "mg" | "milligram" | "milligrams" => (Mass, 1e-3),
        "mcg" | "microgram" | "micrograms" => (Mass, 1e-6),
        "gram" | "grams" => (Mass, 1.0),
        "kg" | "kilo" | "kilos" | "kilogram" | "kilograms" => (Mass, 1e3),
        "tonne" | "tonnes" => (Mass, 1e6),
        "oz" | "ounce" | "ounces" => (Mass, 28.349_523),
        "lb" | "lbs" => (Mass, 453.592_37),
        "ml" | "milliliter" | "milliliters" | "millilitre" | "millilitres" => (Volume, 1e-3),
        "liter" | "liters" | "litre" | "litres" => (Volume, 1.0),
        "gallon" | "gallons" => (Volume, 3.785_411_784),
        "cup" | "cups" => (Volume, 0.24),
        "tablespoon" | "tablespoons" | "tbsp" => (Volume, 0.015),
        "teaspoon" | "teaspoons" | "tsp" => (Volume, 0.005),
        "ms" | "millisecond" | "milliseconds" => (Duration, 1e-3),
        "sec" | "secs" | "second" | "seconds" => (Duration, 1.0),
        "min" | "mins" | "minute" | "minutes" => (Duration, 60.0),
        "hr" | "hrs" | "hour" | "hours" => (Duration, 3600.0),
        "day" | "days" => (Duration, 86_400.0),
        "week" | "weeks" => (Duration, 604_800.0),
        "fortnight" | "fortnights" => (Duration, 1_209_600.0),
        "month" | "months" => (Months, 1.0),
        "year" | "years" | "yr" | "yrs" => (Months, 12.0),
        "decade" | "decades" => (Months, 120.0),
        "century" | "centuries" => (Months, 1200.0),
        "byte" | "bytes" => (Data, 1.0),
        "kb" | "kilobyte" | "kilobytes" => (Data, 1e3),
        "mb" | "megabyte" | "megabytes" => (Data, 1e6),
        "gb" | "gigabyte" | "gigabytes" => (Data, 1e9),
        "tb" | "terabyte" | "terabytes" => (Data, 1e12),
        "kib" => (Data, 1024.0),
        "mib" => (Data, 1_048_576.0),
        "gib" => (Data, 1_073_741_824.0),
        "percent" | "per cent" | "pct" => (Share, 0.01),
        "percentage point" | "percentage points" => (Points, 1.0),
        "degrees celsius" | "degrees c" => (Celsius, 1.0),
        "degrees fahrenheit" | "degrees f" => (Fahrenheit, 1.0),
        "kph" => (Speed, 1.0 / 3.6),
        "mph" => (Speed, 0.447_04),
        "watt" | "watts" => (Power, 1.0),
        "kilowatt" | "kilowatts" => (Power, 1e3),
        "megawatt" | "megawatts" => (Power, 1e6),
        "kilowatt hours" | "kilowatt-hours" => (Energy, 3.6e6),
        "kcal" | "calorie" | "calories" => (Energy, 4184.0),
        "volt" | "volts" => (Voltage, 1.0),
        "px" | "pixel" | "pixels" => (Pixels, 1.0),
        "dollar" | "dollars" | "us dollars" | "us dollar" | "bucks" => (Money("USD"), 1.0),
        "cent" | "cents" => (Money("cent"), 1.0),
        "euro" | "euros" => (Money("EUR"), 1.0),
        "pounds sterling" | "quid" => (Money("GBP"), 1.0),
        "yen" => (Money("JPY"), 1.0),
        "rupee" | "rupees" => (Money("INR"), 1.0),
        "yuan" => (Money("CNY"), 1.0),
        "franc" | "francs" | "swiss francs" => (Money("CHF"), 1.0),
        "reais" => (Money("BRL"), 1.0),
        _ => return None,
    })
}
