//! Addresses: what opens when a number or a name is clicked, and filters as an address carries them.

use form_urlencoded::Serializer;
use office::views::{
    AssessmentFilter, Behind, ProgrammeFilter, Standing, ViewError, WarningFilter, WarningState,
};

/// Fields of an address as the official's browser sent them; empty ones count as not sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads the part behind the question mark.
    pub(crate) fn read(query: &str) -> Fields {
        Fields(
            form_urlencoded::parse(query.as_bytes())
                .map(|(name, value)| (name.into_owned(), value.trim().to_owned()))
                .filter(|(_, value)| !value.is_empty())
                .collect(),
        )
    }

    /// The first value of a field.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.0
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.clone())
    }

    /// Every value of a field.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let fields = self.0.iter().filter(|(field, _)| field == name);
        fields.map(|(_, value)| value.clone()).collect()
    }

    /// The fields whose names begin with a word, without that word.
    pub(crate) fn starting_with(&self, word: &str) -> Vec<(String, String)> {
        let named = self.0.iter().filter_map(|(field, value)| {
            let rest = field.strip_prefix(word)?;
            Some((rest.to_owned(), value.clone()))
        });
        named.collect()
    }

    /// The filter of a warning list; a state that does not exist is told, not ignored.
    pub(crate) fn warning_filter(&self) -> Result<WarningFilter, ViewError> {
        let state = self
            .get("state")
            .map(|code| WarningState::from_code(&code).ok_or_else(|| unknown("状态", &code)))
            .transpose()?;
        Ok(WarningFilter {
            township: self.get("township"),
            kind: self.get("kind"),
            programme: self.get("programme"),
            state,
            month: self.get("month"),
            cursor: self.get("cursor"),
        })
    }

    /// The filter of an assessment's list.
    pub(crate) fn assessment_filter(&self) -> AssessmentFilter {
        AssessmentFilter {
            assessment: self.get("assessment").unwrap_or_default(),
            quantity: self.get("quantity").unwrap_or_default(),
            value: self.get("value").unwrap_or_default(),
            month: self.get("month"),
            township: self.get("township"),
            cursor: self.get("cursor"),
        }
    }

    /// The filter of a programme's list.
    pub(crate) fn programme_filter(&self) -> Result<ProgrammeFilter, ViewError> {
        let standing = match self.get("standing") {
            Some(code) => Standing::from_code(&code).ok_or_else(|| unknown("范围", &code))?,
            None => Standing::OnRoll,
        };
        Ok(ProgrammeFilter {
            programme: self.get("programme").unwrap_or_default(),
            month: self.get("month"),
            standing,
            township: self.get("township"),
            cursor: self.get("cursor"),
        })
    }
}

fn unknown(field: &str, value: &str) -> ViewError {
    ViewError::NotAnswerable(format!("没有名为 `{value}` 的{field},请在筛选栏里重新选择"))
}

/// Something that can be opened.
pub(crate) trait Link {
    /// Its address, or nothing where nothing opens.
    fn href(&self) -> Option<String>;
}

impl Link for Behind {
    fn href(&self) -> Option<String> {
        match self {
            Behind::Nothing => None,
            Behind::Warnings(filter) => Some(warnings(filter)),
            Behind::Warning(id) => Some(format!("/warnings/{id}")),
            Behind::Programme(filter) => Some(programme(filter)),
            Behind::Assessment(filter) => Some(assessment(filter)),
            Behind::Household(id) => Some(format!("/households/{id}")),
            Behind::Person(id) => Some(format!("/persons/{id}")),
            Behind::Feeds => Some("/feeds".to_owned()),
            Behind::Batch(id) => Some(format!("/feeds/{id}")),
            Behind::Doubts => Some("/doubts".to_owned()),
            Behind::Doubt(row) => Some(format!("/doubts/{row}")),
            Behind::Rule(path) => Some(rule(path)),
            Behind::Area(code) => Some(area(code)),
            Behind::Areas => Some("/areas".to_owned()),
        }
    }
}

/// The address of a warning list.
pub(crate) fn warnings(filter: &WarningFilter) -> String {
    joined("/warnings", &warning_query(filter))
}

/// A warning list's filter as an address carries it.
pub(crate) fn warning_query(filter: &WarningFilter) -> String {
    query(&[
        ("township", filter.township.as_deref()),
        ("kind", filter.kind.as_deref()),
        ("programme", filter.programme.as_deref()),
        ("state", filter.state.map(WarningState::code)),
        ("month", filter.month.as_deref()),
        ("cursor", filter.cursor.as_deref()),
    ])
}

/// The address of one warning that remembers the list it was opened from.
pub(crate) fn warning_from(id: i64, list: &WarningFilter) -> String {
    joined(
        &format!("/warnings/{id}"),
        &query(&[("from", Some(&warning_query(list)))]),
    )
}

/// The address of a programme's list.
pub(crate) fn programme(filter: &ProgrammeFilter) -> String {
    let query = query(&[
        ("programme", Some(&filter.programme)),
        ("month", filter.month.as_deref()),
        ("standing", Some(filter.standing.code())),
        ("township", filter.township.as_deref()),
        ("cursor", filter.cursor.as_deref()),
    ]);
    joined("/programmes", &query)
}

/// The address of an assessment's list.
pub(crate) fn assessment(filter: &AssessmentFilter) -> String {
    let query = query(&[
        ("assessment", Some(&filter.assessment)),
        ("quantity", Some(&filter.quantity)),
        ("value", Some(&filter.value)),
        ("month", filter.month.as_deref()),
        ("township", filter.township.as_deref()),
        ("cursor", filter.cursor.as_deref()),
    ]);
    joined("/assessments", &query)
}

/// The address of a file of the rulebook.
pub(crate) fn rule(path: &str) -> String {
    format!("/rulebook/{}", path_encoded(path))
}

/// The address of an area.
pub(crate) fn area(code: &str) -> String {
    format!("/areas/{}", path_encoded(code))
}

/// The address of a page of the areas below one, after a key.
pub(crate) fn areas_below(code: &str, after: &str) -> String {
    joined(&area(code), &query(&[("after", Some(after))]))
}

/// The address of a page of areas that were looked up, after a key.
pub(crate) fn areas_found(words: &str, after: &str) -> String {
    joined(
        "/areas",
        &query(&[("q", Some(words)), ("after", Some(after))]),
    )
}

/// An address with one field behind it.
pub(crate) fn with_field(path: &str, name: &str, value: &str) -> String {
    joined(path, &query(&[(name, Some(value))]))
}

fn query(fields: &[(&str, Option<&str>)]) -> String {
    let mut text = Serializer::new(String::new());
    for (name, value) in fields {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            text.append_pair(name, value);
        }
    }
    text.finish()
}

fn joined(path: &str, query: &str) -> String {
    let mark = if path.contains('?') { '&' } else { '?' };
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}{mark}{query}")
    }
}

/// A path whose parts may be in any script; slashes stay, blanks do not become plus signs.
fn path_encoded(path: &str) -> String {
    let whole = |part: &str| {
        form_urlencoded::byte_serialize(part.as_bytes())
            .collect::<String>()
            .replace('+', "%20")
    };
    path.split('/').map(whole).collect::<Vec<_>>().join("/")
}
