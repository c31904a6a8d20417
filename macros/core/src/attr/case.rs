//! `rename_all`: how the names of fields become names of tensors.

/// A way to write several words as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Case {
    /// As the field is written.
    #[default]
    Snake,
    Camel,
    Pascal,
    Kebab,
    Screaming,
    ScreamingKebab,
    Lower,
    Upper,
}

/// Every case and its name, which is written in itself.
const CASES: [(&str, Case); 8] = [
    ("snake_case", Case::Snake),
    ("camelCase", Case::Camel),
    ("PascalCase", Case::Pascal),
    ("kebab-case", Case::Kebab),
    ("SCREAMING_SNAKE_CASE", Case::Screaming),
    ("SCREAMING-KEBAB-CASE", Case::ScreamingKebab),
    ("lowercase", Case::Lower),
    ("UPPERCASE", Case::Upper),
];

impl Case {
    /// The names of all cases.
    pub(crate) const NAMES: [&str; 8] = {
        let mut names = [""; 8];
        let mut at = 0;
        while at < CASES.len() {
            names[at] = CASES[at].0;
            at += 1;
        }
        names
    };

    pub(crate) fn of(name: &str) -> Option<Self> {
        CASES.iter().find(|(known, _)| *known == name).map(|(_, case)| *case)
    }

    /// The name of a field, in snake case, in this one.
    pub(crate) fn apply(self, field: &str) -> String {
        let capital = |word: &str| {
            let mut chars = word.chars();
            let first = chars.next().map(|first| first.to_uppercase().to_string());
            first.unwrap_or_default() + chars.as_str()
        };
        let pascal = || field.split('_').map(capital).collect::<String>();
        match self {
            Self::Snake | Self::Lower => field.to_owned(),
            Self::Screaming | Self::Upper => field.to_uppercase(),
            Self::Kebab => field.replace('_', "-"),
            Self::ScreamingKebab => field.to_uppercase().replace('_', "-"),
            Self::Pascal => pascal(),
            Self::Camel => {
                let pascal = pascal();
                let mut chars = pascal.chars();
                let first = chars.next().map(|first| first.to_lowercase().to_string());
                first.unwrap_or_default() + chars.as_str()
            }
        }
    }
}

#[cfg(test)]
mod tests;
