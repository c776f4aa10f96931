//! 经办人和他的辖区: who acts, with which rights and where. Neither can be made outside this module,
//! and no view answers without them.

use super::book::{AccessBook, Masking, Reach};
use super::right::Right;
use domain::{AreaCode, HouseholdId, PersonId};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::users::UserId;

/// 辖区: the places somebody may see, with all inside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    places: Vec<AreaCode>,
    /// Around all this office answers for: then what has no known place is inside as well, so that
    /// nobody falls between two townships.
    whole: bool,
}

impl Scope {
    /// These places; one inside another adds nothing and is left out.
    fn of(mut places: Vec<AreaCode>, whole: Option<AreaCode>) -> Self {
        places.sort_by_key(|place| place.as_str().len());
        let mut kept: Vec<AreaCode> = Vec::new();
        for place in places {
            if !kept.iter().any(|wide| wide.contains(&place)) {
                kept.push(place);
            }
        }
        kept.sort_unstable();
        let whole = whole.is_some_and(|whole| kept.iter().any(|place| place.contains(&whole)));
        Self {
            places: kept,
            whole,
        }
    }

    /// Whether what lives at a place is to be seen.
    #[must_use]
    pub fn contains(&self, place: &AreaCode) -> bool {
        self.whole || self.covers(place)
    }

    /// Whether a place lies inside by its code alone: what may be handed on to others.
    #[must_use]
    pub fn covers(&self, place: &AreaCode) -> bool {
        self.places.iter().any(|wide| wide.contains(place))
    }

    /// Whether something lies inside whose place may not be known.
    #[must_use]
    pub fn holds(&self, place: Option<AreaCode>) -> bool {
        place.map_or(self.whole, |place| self.contains(&place))
    }

    /// Whether a place lies inside, or around some of it: what may be named on the way down.
    #[must_use]
    pub fn touches(&self, place: &AreaCode) -> bool {
        self.contains(place) || self.places.iter().any(|narrow| place.contains(narrow))
    }

    /// The places, none inside another, by code; none when the scope is around everything here.
    #[must_use]
    pub fn places(&self) -> Option<&[AreaCode]> {
        (!self.whole).then_some(self.places.as_slice())
    }

    /// The same as a list is read: each place by itself, or once everything.
    pub(crate) fn each_place(&self) -> Vec<Option<AreaCode>> {
        match self.places() {
            None => vec![None],
            Some(places) => places.iter().copied().map(Some).collect(),
        }
    }

    /// The place to begin at: the only one, where there is one.
    #[must_use]
    pub fn start(&self) -> Option<AreaCode> {
        match self.places.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }
}

/// Why somebody may not do something. Says which right is missing, nothing of what it would show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// Which right.
    pub right: Right,
    /// Its name.
    pub title: String,
    /// The version in force was signed under an older program and has no such right: nobody has it.
    pub unwritten: bool,
}

impl std::error::Error for Denied {}

impl std::fmt::Display for Denied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { right, title, .. } = self;
        match self.unwritten {
            false => write!(
                f,
                "您的角色没有“{title}”这项权限;确有需要,请向安全保密管理员申请"
            ),
            true => write!(
                f,
                "程序升级了,现在签发的规则手册里还没有“{title}”(`{}`)这项权限,所以谁也不能用。请能改规则的人\
                 运行 doudi rulebook missing,把缺的这一行补进 {},提出后两人签发就能用",
                right.code(),
                super::PATH
            ),
        }
    }
}

/// 经办人: an account with its roles of this moment. Cheap to clone.
#[derive(Clone)]
pub struct Acting(Arc<Inner>);

struct Inner {
    who: Who,
    book: Arc<AccessBook>,
}

/// Through what an answer leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// A page in a browser.
    Screen,
    /// A program that reads the interface.
    Program,
    /// A command on this machine.
    Terminal,
}

impl Channel {
    /// The word the chain keeps.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Screen => "screen",
            Self::Program => "api",
            Self::Terminal => "terminal",
        }
    }
}

/// Persons and households an official must not work on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeptFrom {
    pub persons: BTreeSet<PersonId>,
    pub households: BTreeSet<HouseholdId>,
}

/// What an [`Acting`] is made of.
pub(super) struct Who {
    pub user: UserId,
    pub login: String,
    pub name: String,
    pub session: i64,
    pub channel: Channel,
    pub fresh: bool,
    pub grants: Vec<(String, AreaCode)>,
    /// The one place around all organisations here; none while there is none.
    pub whole: Option<AreaCode>,
    pub kept_from: KeptFrom,
    /// The rights a program's token is narrowed to; none for a person.
    pub only: Option<BTreeSet<Right>>,
}

impl std::fmt::Debug for Acting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Acting({})", self.0.who.user)
    }
}

impl Acting {
    pub(super) fn new(who: Who, book: Arc<AccessBook>) -> Self {
        Self(Arc::new(Inner { who, book }))
    }

    /// Where this right reaches: the only way to a [`Scope`].
    ///
    /// # Errors
    /// No role held now has the right, or none reaches far enough for it.
    pub fn scope(&self, right: Right) -> Result<Scope, Denied> {
        let lack = self.0.book.lack(right);
        let denied = || Denied {
            right,
            title: match (self.0.book.rule(right), lack) {
                (Some(rule), _) => rule.title.clone(),
                (None, Some(lack)) => lack.title.clone(),
                (None, None) => right.code().to_owned(),
            },
            unwritten: lack.is_some(),
        };
        let rule = self.0.book.rule(right).ok_or_else(denied)?;
        let narrowed = self.0.who.only.as_ref();
        if narrowed.is_some_and(|only| !only.contains(&right)) {
            return Err(denied());
        }
        // Whatever an older token was given.
        if self.0.who.channel == Channel::Program && rule.nature.takes_a_person() {
            return Err(denied());
        }
        let reaches = |place: &AreaCode| match rule.reach {
            Reach::Whole => self.0.who.whole.is_some_and(|whole| place.contains(&whole)),
            Reach::Area | Reach::Undivided | Reach::Own => true,
        };
        let places: Vec<AreaCode> = self
            .0
            .who
            .grants
            .iter()
            .filter(|(role, place)| rule.roles.contains(role) && reaches(place))
            .map(|(_, place)| *place)
            .collect();
        if places.is_empty() {
            return Err(denied());
        }
        Ok(Scope::of(places, self.0.who.whole))
    }

    /// Whether this right is held at all.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        self.scope(right).is_ok()
    }

    /// Whether this right shows names and numbers in full.
    #[must_use]
    pub fn sees_in_full(&self, right: Right) -> bool {
        self.may(right)
            && self
                .0
                .book
                .rule(right)
                .is_some_and(|rule| rule.masking == Masking::Clear)
    }

    /// Number of the account.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.0.who.user
    }

    /// Name of the account, as the chain keeps it.
    #[must_use]
    pub fn login(&self) -> &str {
        &self.0.who.login
    }

    /// Name shown to colleagues.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.who.name
    }

    /// Number of the session.
    #[must_use]
    pub fn session(&self) -> i64 {
        self.0.who.session
    }

    /// Whether the password was typed lately enough for acts about accounts.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.0.who.fresh
    }

    /// Through what the answer leaves.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.0.who.channel
    }

    /// The names of the roles held now, each once.
    #[must_use]
    pub fn role_titles(&self) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for (code, _) in &self.0.who.grants {
            let title = self.0.book.role(code).map_or(code, |role| &role.title);
            if !out.contains(title) {
                out.push(title.clone());
            }
        }
        out
    }

    /// The lines of the menu the roles held now see first, by their names: the first of each role, then the second of
    /// each; none where nothing is written.
    #[must_use]
    pub fn menu_first(&self) -> Vec<&str> {
        let held: BTreeSet<&str> = self
            .0
            .who
            .grants
            .iter()
            .map(|(code, _)| code.as_str())
            .collect();
        // In the order in which the rules list the roles: whoever works on cases sees that before figures.
        let roles = self.0.book.roles().iter();
        let roles = roles.filter(|role| held.contains(role.code.as_str()));
        let menus: Vec<&[String]> = roles.map(|role| self.0.book.menu(&role.code)).collect();
        let longest = menus.iter().map(|menu| menu.len()).max().unwrap_or(0);
        let at = |place: usize| menus.iter().filter_map(move |menu| menu.get(place));
        (0..longest).flat_map(at).map(String::as_str).collect()
    }

    /// Whether a role, by its name or code, is held now for a place.
    #[must_use]
    pub fn holds_role(&self, role: &str, place: &AreaCode) -> bool {
        let code = self.0.book.role_named(role).map(|role| role.code.as_str());
        let mut held = self.0.who.grants.iter();
        held.any(|(held, around)| Some(held.as_str()) == code && around.contains(place))
    }

    /// The roles held now, by their names, each with its place.
    pub(crate) fn roles_held(&self) -> Vec<(String, AreaCode)> {
        let held = self.0.who.grants.iter();
        held.map(|(code, place)| {
            let title = self.0.book.role(code).map_or(code, |role| &role.title);
            (title.clone(), *place)
        })
        .collect()
    }

    /// The access rules these roles stand in.
    pub(crate) fn book(&self) -> &AccessBook {
        &self.0.book
    }

    /// Persons this official must not work on.
    pub(crate) fn kept_persons(&self) -> Vec<PersonId> {
        self.0.who.kept_from.persons.iter().copied().collect()
    }

    /// Households this official must not work on.
    pub(crate) fn kept_homes(&self) -> Vec<HouseholdId> {
        self.0.who.kept_from.households.iter().copied().collect()
    }

    /// Whether a person is this official or a near relative, or lives with one.
    #[must_use]
    pub fn is_kept_from_person(&self, person: PersonId) -> bool {
        self.0.who.kept_from.persons.contains(&person)
    }

    /// Whether a household is this official's own or a near relative's.
    #[must_use]
    pub fn is_kept_from(&self, household: HouseholdId) -> bool {
        self.0.who.kept_from.households.contains(&household)
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that fails should stop where it failed"
    )]
    use super::*;

    fn place(code: &str) -> AreaCode {
        AreaCode::parse(code).unwrap()
    }

    fn acting(grants: &[(&str, &str)]) -> Acting {
        acting_by(Channel::Screen, grants)
    }

    fn acting_by(channel: Channel, grants: &[(&str, &str)]) -> Acting {
        let rulebook = crate::rulebook::read(None).unwrap();
        let book = Arc::new(AccessBook::read(&rulebook, "demo").unwrap());
        let who = Who {
            user: UserId::new(1),
            login: "wang".to_owned(),
            name: "王".to_owned(),
            session: 1,
            channel,
            fresh: true,
            grants: grants
                .iter()
                .map(|(role, code)| ((*role).to_owned(), place(code)))
                .collect(),
            whole: Some(place("990101")),
            kept_from: KeptFrom::default(),
            only: None,
        };
        Acting::new(who, book)
    }

    fn check(grants: &[(&str, &str)], right: Right, expected: &str) {
        let told = match acting(grants).scope(right) {
            Ok(scope) => {
                let codes = scope.places.iter().map(|p| p.as_str().to_owned());
                codes.collect::<Vec<_>>().join(" ")
            }
            Err(_) => "no".to_owned(),
        };
        assert_eq!(told, expected, "{grants:?} {right:?}");
    }

    #[test]
    fn a_right_reaches_only_the_places_of_the_roles_that_have_it() {
        let two = [
            ("case_officer", "990101001"),
            ("grid_worker", "990101002003"),
        ];
        check(&two, Right::CASE_ACCEPT, "990101001");
        check(&two, Right::WARNING, "990101001 990101002003");
        check(&two, Right::DECISION, "no");
        check(&[], Right::ACCOUNT, "no");
        let wider = [("case_officer", "990101001"), ("case_officer", "990101")];
        check(&wider, Right::CASE_ACCEPT, "990101");
    }

    #[test]
    fn a_program_signs_nothing_and_gives_no_role() {
        let all = [("county_reviewer", "990101"), ("security_admin", "990101")];
        let person = acting(&all);
        let program = acting_by(Channel::Program, &all);
        for right in [Right::DECISION, Right::PAYMENT_APPROVE, Right::ROLE_GRANT] {
            assert!(person.may(right) && !program.may(right), "{right:?}");
        }
        assert!(program.may(Right::CASE));
    }

    #[test]
    fn what_cannot_be_divided_needs_the_whole_place() {
        check(&[("county_reviewer", "990101001")], Right::TRIAL, "no");
        check(&[("county_reviewer", "990101")], Right::TRIAL, "990101");
        check(&[("county_reviewer", "9901")], Right::TRIAL, "9901");
    }

    #[test]
    fn a_scope_holds_what_lies_inside_and_touches_what_lies_around() {
        let scope = Scope::of(vec![place("990101001")], Some(place("990101")));
        assert!(scope.contains(&place("990101001002")));
        assert!(!scope.contains(&place("990101002")));
        assert!(!scope.contains(&place("990101")));
        assert!(scope.touches(&place("990101")));
        assert!(!scope.touches(&place("990102")));
        assert!(!scope.holds(None));
    }

    #[test]
    fn who_sees_everything_sees_what_has_no_place_too() {
        let scope = Scope::of(vec![place("9901")], Some(place("990101")));
        assert!(scope.holds(None) && scope.contains(&place("990199001001")));
        assert_eq!(scope.places(), None);
        let narrow = Scope::of(vec![place("990101")], Some(place("9901")));
        assert!(!narrow.holds(None) && !narrow.contains(&place("990102")));
    }
}
