//! Numbers as words of one width, as NumPy chooses it: all positional or all with an exponent, points under points.
//!
//! The digits of a float are the fewest that give it back, cut to the precision; a float of fewer bits than `f32` has
//! fewer of them.

use super::super::super::dtype::{Element, bf16, f16};
use crate::number::{F8E4M3, F8E5M2, convert};
use std::any::Any;

/// A float: its value, and how many decimal digits its type carries for certain.
#[derive(Clone, Copy)]
struct Float {
    value: f64,
    kind: Kind,
}

/// The type of a float.
#[derive(Clone, Copy)]
enum Kind {
    F64,
    F32,
    F16,
    BF16,
    F8E4M3,
    F8E5M2,
}

impl Kind {
    /// From 10 to this power on, a float is printed with an exponent: beyond the digits that its type carries.
    fn positional_digits(self) -> i32 {
        match self {
            Self::F64 => 8,
            Self::F32 => 6,
            Self::F16 => 3,
            Self::BF16 => 2,
            Self::F8E4M3 | Self::F8E5M2 => 1,
        }
    }

    /// Whether `text` is read as `value` by this type.
    fn reads_back(self, text: &str, value: f64) -> bool {
        let Ok(read) = text.parse::<f64>() else { return false };
        let rounded = match self {
            Self::F64 => read,
            Self::F32 => f64::from(read as f32),
            Self::F16 => convert::<f16, f64>(f16::from_f64(read)),
            Self::BF16 => convert::<bf16, f64>(bf16::from_f64(read)),
            Self::F8E4M3 => convert::<F8E4M3, f64>(convert(read)),
            Self::F8E5M2 => convert::<F8E5M2, f64>(convert(read)),
        };
        rounded == value
    }
}

impl Float {
    /// The float that `element` is; `None` for other numbers.
    fn of<T: Element>(element: &T) -> Option<Self> {
        let any: &dyn Any = element;
        let float = |value, kind| Some(Self { value, kind });
        any.downcast_ref::<f64>()
            .and_then(|&value| float(value, Kind::F64))
            .or_else(|| any.downcast_ref::<f32>().and_then(|&value| float(value.into(), Kind::F32)))
            .or_else(|| any.downcast_ref::<f16>().and_then(|&value| float(value.to_f64(), Kind::F16)))
            .or_else(|| any.downcast_ref::<bf16>().and_then(|&value| float(value.to_f64(), Kind::BF16)))
            .or_else(|| any.downcast_ref::<F8E4M3>().and_then(|&value| float(convert(value), Kind::F8E4M3)))
            .or_else(|| any.downcast_ref::<F8E5M2>().and_then(|&value| float(convert(value), Kind::F8E5M2)))
    }

    /// Digits behind the first one of the shortest decimal that is read back as this float.
    fn shortest(self) -> usize {
        let digits =
            |text: String| text.split_once('e').map_or(0, |(digits, _)| digits.len().saturating_sub(2));
        match self.kind {
            Kind::F64 => digits(format!("{:e}", self.value.abs())),
            Kind::F32 => digits(format!("{:e}", (self.value as f32).abs())),
            kind => {
                (0..10).find(|&n| kind.reads_back(&format!("{:.n$e}", self.value), self.value)).unwrap_or(10)
            }
        }
    }

    /// Sign, digit, point, digits and exponent: at most `precision` digits behind the point, no zeros at their end.
    fn scientific(self, precision: usize) -> (String, i32) {
        let text = format!("{:.1$e}", self.value, precision.min(self.shortest()));
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        (pointed(mantissa), exponent.parse().unwrap_or(0))
    }

    /// Sign, digits, point, digits: at most `precision` behind the point, no zeros at their end.
    fn positional(self, precision: usize) -> String {
        let digits = self.shortest();
        let (_, exponent) = self.scientific(digits);
        // Behind the point stand the digits that the exponent does not bring before it.
        let behind = if exponent < 0 {
            digits.saturating_add(exponent.unsigned_abs() as usize)
        } else {
            digits.saturating_sub(exponent.unsigned_abs() as usize)
        };
        pointed(&format!("{:.1$}", self.value, behind.min(precision)))
    }
}

/// `1.50` as `1.5`, `1.00` and `1` as `1.`.
fn pointed(text: &str) -> String {
    match text.split_once('.') {
        Some(_) => text.trim_end_matches('0').to_owned(),
        None => format!("{text}."),
    }
}

/// The one number of a view without axes.
pub(super) fn scalar<T: Element>(element: &T, precision: usize) -> String {
    let Some(float) = Float::of(element) else { return element.to_string() };
    let magnitude = float.value.abs();
    if !magnitude.is_finite() {
        return unusual(float.value);
    }
    let text = if magnitude != 0.0 && !(1e-4..1e16).contains(&magnitude) {
        exponent_form(float.scientific(precision), 0, 2)
    } else {
        float.positional(precision)
    };
    if text.ends_with('.') { format!("{text}0") } else { text.replace(".e", "e") }
}

/// The numbers, each of the same width.
pub(super) fn words<'a, T: Element>(elements: impl Iterator<Item = &'a T>, precision: usize) -> Vec<String> {
    let elements: Vec<&T> = elements.collect();
    let floats: Vec<Float> = elements.iter().filter_map(|element| Float::of(*element)).collect();
    if !floats.is_empty() {
        return float_words(&floats, precision);
    }
    let words: Vec<String> = elements.iter().map(|element| python_case(element.to_string())).collect();
    let width = words.iter().map(String::len).max().unwrap_or(0);
    words.into_iter().map(|word| format!("{word:>width$}")).collect()
}

/// Truth as NumPy writes it, a column wide enough for both values; other words as they are.
fn python_case(word: String) -> String {
    match word.as_str() {
        "true" => " True".to_owned(),
        "false" => "False".to_owned(),
        _ => word,
    }
}

fn unusual(value: f64) -> String {
    let text = if value.is_nan() {
        "nan"
    } else if value < 0.0 {
        "-inf"
    } else {
        "inf"
    };
    text.to_owned()
}

/// `1.5`, `-7` as `1.5e-07`, with at least `digits` digits behind the point and `exponent_digits` of exponent.
fn exponent_form((mantissa, exponent): (String, i32), digits: usize, exponent_digits: usize) -> String {
    let behind = mantissa.split_once('.').map_or(0, |(_, behind)| behind.len());
    let zeros = "0".repeat(digits.saturating_sub(behind));
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}{zeros}e{sign}{:0exponent_digits$}", exponent.unsigned_abs())
}

fn float_words(floats: &[Float], precision: usize) -> Vec<String> {
    let finite: Vec<Float> = floats.iter().copied().filter(|float| float.value.is_finite()).collect();
    let words = if needs_exponent(&finite) {
        let parts: Vec<(String, i32)> = finite.iter().map(|float| float.scientific(precision)).collect();
        let behind =
            |(mantissa, _): &(String, i32)| mantissa.split_once('.').map_or(0, |(_, digits)| digits.len());
        let digits = parts.iter().map(behind).max().unwrap_or(0);
        let large = parts.iter().any(|(_, exponent)| exponent.unsigned_abs() >= 100);
        parts.into_iter().map(|part| exponent_form(part, digits, if large { 3 } else { 2 })).collect()
    } else {
        aligned(finite.iter().map(|float| float.positional(precision)).collect())
    };
    merge(floats, words)
}

/// Whether numbers are so large, so small or so far apart that NumPy gives all of them an exponent.
fn needs_exponent(finite: &[Float]) -> bool {
    let magnitudes = finite.iter().map(|float| float.value.abs()).filter(|magnitude| *magnitude != 0.0);
    let (least, most) = magnitudes.fold((f64::INFINITY, 0.0), |(least, most): (f64, f64), magnitude| {
        (least.min(magnitude), most.max(magnitude))
    });
    let digits = finite.first().map_or(8, |float| float.kind.positional_digits());
    most > 0.0 && (most >= 10f64.powi(digits) || least < 1e-4 || most / least > 1000.0)
}

/// Spaces behind and before, so that points stand under points.
fn aligned(words: Vec<String>) -> Vec<String> {
    let behind = |word: &String| word.split_once('.').map_or(0, |(_, digits)| digits.len());
    let right = words.iter().map(behind).max().unwrap_or(0);
    words
        .into_iter()
        .map(|word| {
            let pad = right - behind(&word);
            word + &" ".repeat(pad)
        })
        .collect()
}

/// The words of the finite numbers with those of the others between them, all moved right to the widest.
fn merge(floats: &[Float], words: Vec<String>) -> Vec<String> {
    let mut words = words.into_iter();
    let word = |float: &Float| {
        if float.value.is_finite() { words.next().unwrap_or_default() } else { unusual(float.value) }
    };
    let merged: Vec<String> = floats.iter().map(word).collect();
    let width = merged.iter().map(String::len).max().unwrap_or(0);
    merged.into_iter().map(|word| format!("{word:>width$}")).collect()
}
