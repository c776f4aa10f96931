//! 核查: what sets a line apart, with its reason. Which checks are made and with which numbers stands in
//! the rulebook; a finding that may be confirmed is passed over once somebody answers for it.

use super::arrears::{self, Of};
use super::book::PayBook;
use super::{Paid, PayError, facts, found, note, whole};
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::{BankCard, Day, Fen};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use store::entitlements::{self, Cause, Entitlement, SubjectKind};
use store::payments::{self, Batch, Finding, Line};
use store::{Act, At};

/// The checks the program can make, by their codes.
pub(super) const KNOWN: &[&str] = &[
    "death",
    "custody",
    "duplicate_person",
    "duplicate_card",
    "no_card",
    "check_digit",
    "shared_card",
    "fresh_card",
    "stopped",
    "over_cap",
    "no_name",
    "over_budget",
    "same_card",
];

/// What the checks look at.
pub(super) struct Known {
    lines: Vec<Line>,
    entitlements: HashMap<i64, Entitlement>,
    /// Months outside the time of their entitlement whose payment is due after all, as it was.
    due_after_all: HashSet<Of>,
    members: HashMap<i64, Vec<i64>>,
    deaths: HashMap<i64, Day>,
    /// Who is in custody, as was answered at the door last.
    custody: HashSet<i64>,
    /// Who stands on the roll of the month; none when it has not come.
    roll: Option<BTreeMap<(String, entitlements::Subject), Fen>>,
    shared: HashMap<i64, u64>,
    fresh: HashSet<i64>,
    misfits: HashSet<i64>,
    nameless: HashSet<u32>,
    elsewhere: Vec<i64>,
    /// The card a line came back from.
    before: HashMap<i64, Option<i64>>,
    confirmed: HashSet<(String, i64, String)>,
    /// What each fund's year may still spend.
    left: BTreeMap<String, Fen>,
}

/// Every line of a batch.
pub(super) async fn all_lines(office: &Office, batch: i64) -> Paid<Vec<Line>> {
    let mut out: Vec<Line> = Vec::new();
    loop {
        let after = out.last().map_or(0, |line| line.content.line_no);
        let page = payments::lines(&office.store, batch, after, 50_000).await?;
        if page.is_empty() {
            return Ok(out);
        }
        out.extend(page);
    }
}

/// Gathers what the checks of the place need for a batch.
pub(super) async fn gather(office: &Office, book: &PayBook, batch: &Batch) -> Paid<Known> {
    let store = &office.store;
    let month = batch.content.month;
    let lines = all_lines(office, batch.no).await?;
    let wanted = |code: &str| book.check(code).filter(|check| !check.value.is_empty());
    let mut entitlements: HashMap<i64, Entitlement> = super::prepare::in_force(office, month)
        .await?
        .into_iter()
        .map(|one| (one.id, one))
        .collect();
    let mut due_after_all = HashSet::new();
    for line in &lines {
        let of = (line.content.entitlement, line.content.month);
        // A line issued again is of its own month, when help may have run that has ended since.
        if !entitlements.contains_key(&of.0)
            && let Some(one) = entitlements::find(store, of.0).await?
        {
            entitlements.insert(of.0, one);
        }
        // Restored help goes on as another one; the months that had their payment stay with the one that was stopped.
        let covered = entitlements.get(&of.0).is_some_and(|one| one.covers(of.1));
        if !covered && arrears::is_due_as_it_was(store, line, entitlements.get(&of.0)).await? {
            due_after_all.insert(of);
        }
    }
    let mut members: HashMap<i64, Vec<i64>> = HashMap::new();
    if book.check("duplicate_person").is_some() {
        for member in store::households::list_memberships_on(store, month.last()).await? {
            let of = members.entry(member.household.get()).or_default();
            of.push(member.person.get());
        }
    }
    let deaths = match wanted("death") {
        Some(check) => facts::deaths(office, &check.value, month).await?,
        None => HashMap::new(),
    };
    let mut custody = HashSet::new();
    if let Some(check) = wanted("custody") {
        // Oldest first: the newest answer counts.
        for (_, person, value) in store::reviews::answered(store, &check.value).await? {
            match value.as_str() {
                YES => custody.insert(person),
                _ => custody.remove(&person),
            };
        }
    }
    let roll = match book.check("stopped") {
        Some(_) => facts::standing(office, book, month).await?,
        None => None,
    };
    let shared = match wanted("shared_card") {
        Some(check) => {
            let households = number(check)?;
            entitlements::shared_cards(store, month, households)
                .await?
                .into_iter()
                .collect()
        }
        None => HashMap::new(),
    };
    let fresh = match wanted("fresh_card") {
        Some(check) => entitlements::fresh_cards(store, &days_ago(office, number(check)?)?)
            .await?
            .into_iter()
            .collect(),
        None => HashSet::new(),
    };
    let mut before = HashMap::new();
    for line in &lines {
        // A line of the first attempt came back from nowhere.
        if let Some(earlier) = line.content.reissue_of
            && let Some(earlier) = payments::find_line(store, earlier).await?
        {
            before.insert(line.id, earlier.content.account);
        }
    }
    Ok(Known {
        entitlements,
        due_after_all,
        members,
        deaths,
        custody,
        roll,
        shared,
        fresh,
        misfits: entitlements::misfit_cards(store)
            .await?
            .into_iter()
            .collect(),
        nameless: payments::nameless(store, batch.no)
            .await?
            .into_iter()
            .collect(),
        elsewhere: payments::paid_elsewhere(store, month, batch.no).await?,
        before,
        confirmed: store::bank_accounts::confirmed(store)
            .await?
            .into_iter()
            .collect(),
        left: super::steps::left(office, book, &lines).await?,
        lines,
    })
}

fn number(check: &super::book::Check) -> Paid<i64> {
    check.value.parse().map_err(|_| {
        PayError::Refused(format!(
            "核查 `{}` 的值 `{}` 不是整数",
            check.code, check.value
        ))
    })
}

/// So many days before now.
fn days_ago(office: &Office, days: i64) -> Paid<At> {
    let today = office.clock.today();
    let then = today.add_days(days.saturating_neg()).unwrap_or(today);
    // A day in Beijing begins eight hours before the same day in UTC.
    let text = format!("{then}T00:00:00+08:00");
    At::parse(&text).map_err(PayError::from)
}

/// Lines that a department's file would stop and nobody answered for yet: by which check, of which entitlement.
pub(super) type StoppedByFeed = BTreeSet<(&'static str, i64)>;

/// The answer of a visit that something holds.
const YES: &str = "是";

/// Before the code of a check: somebody answered for what the file says of an entitlement.
const OF_FEED: &str = "feed:";

/// What the checks find, line by line, and what of it a department's file alone would stop.
pub(super) fn judge(book: &PayBook, known: &Known) -> Paid<(Vec<Finding>, StoppedByFeed)> {
    let mut out = Vec::new();
    let mut by_feed = StoppedByFeed::new();
    let cap = match book
        .check("over_cap")
        .filter(|check| !check.value.is_empty())
    {
        Some(check) => Some(Fen::parse(&check.value).map_err(|error| {
            PayError::Refused(format!("核查 over_cap 的值 `{}`:{error}", check.value))
        })?),
        None => None,
    };
    let mut seen = Seen::new(book, known);
    let mut left = known.left.clone();
    for line in &known.lines {
        let mut one = Judging {
            book,
            known,
            line,
            found: Vec::new(),
            by_feed: Vec::new(),
        };
        one.entitlement(&mut seen);
        by_feed.extend(one.by_feed.drain(..));
        one.card(&mut seen);
        if cap.is_some_and(|cap| line.content.amount > cap) {
            one.say("over_cap", format!("{} 元", line.content.amount));
        }
        if one.found.is_empty() && line.content.attempt == 1 {
            one.budget(&mut left);
        }
        out.append(&mut one.found);
    }
    Ok((out, by_feed))
}

/// 停发上限: why a batch waits for somebody who answers for the files; none where it need not.
pub(super) fn too_many(
    book: &PayBook,
    batch: i64,
    (known, by_feed): (&Known, &StoppedByFeed),
) -> Option<String> {
    let lines = u64::try_from(known.lines.len()).unwrap_or(u64::MAX);
    let entitled: BTreeSet<i64> = by_feed.iter().map(|(_, id)| *id).collect();
    let stopped = u64::try_from(entitled.len()).unwrap_or(u64::MAX);
    if !book.stops.too_many(stopped, lines) {
        return None;
    }
    let mut by_code: BTreeMap<&str, u64> = BTreeMap::new();
    for (code, _) in by_feed {
        let count = by_code.entry(code).or_default();
        *count = count.saturating_add(1);
    }
    let parts = by_code.iter().map(|(code, count)| {
        let title = book.check(code).map_or(*code, |check| check.title.as_str());
        format!("{title} {count} 行")
    });
    let parts: Vec<String> = parts.collect();
    Some(format!(
        "第 {batch} 批 {lines} 行里,部门来文要停 {stopped} 行({}),超过停发上限,一行也没有剔出。请先核实来文:来文错了的,\
         在“部门来文”撤回那一批;属实的,由编制以外的县级审核写明理由,再核查",
        parts.join("、")
    ))
}

/// Somebody answers for what departments' files would stop in a batch; the next check sets it apart.
///
/// # Errors
/// The right is missing, no reason is told, whoever prepared the batch asks, or nothing is to be answered for.
pub async fn answer_for_feeds(office: &Office, who: &Acting, batch: i64, why: &str) -> Paid<()> {
    whole(who, Right::PAYMENT_APPROVE)?;
    let why = why.trim();
    if why.is_empty() {
        let said = "请写明核实了哪份来文、怎么核实的";
        return Err(PayError::Refused(said.to_owned()));
    }
    crate::casework::without_numbers(why).map_err(|error| PayError::Refused(error.to_string()))?;
    let book = super::book(office)?;
    let held = found(&office.store, batch).await?;
    let mine = super::accounts_of(&office.store, who).await?;
    if mine.contains(&held.content.prepared_by.get()) {
        let said = "编制的人不能自己放行;请换一位同事核实来文";
        return Err(PayError::Refused(said.to_owned()));
    }
    let known = gather(office, &book, &held).await?;
    let (_, by_feed) = judge(&book, &known)?;
    if too_many(&book, batch, (&known, &by_feed)).is_none() {
        let said = format!("第 {batch} 批没有等人核实的来文;请直接核查");
        return Err(PayError::Refused(said));
    }
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    for (code, entitlement) in &by_feed {
        let about = ("entitlement", *entitlement);
        let code = format!("{OF_FEED}{code}");
        store::bank_accounts::confirm(&mut tx, &at, who.login(), about, &code, why).await?;
    }
    let says = format!("来文要停 {} 项,核实属实:{why}", by_feed.len());
    note(
        &mut tx,
        office,
        who,
        "payment.answer-for-feeds",
        batch,
        &says,
    );
    tx.commit().await?;
    Ok(())
}

/// Persons and cards seen so far in the batch.
struct Seen<'a> {
    persons: HashMap<(&'a str, i64), u32>,
    cards: HashMap<(&'a str, i64), (i64, u32)>,
}

impl<'a> Seen<'a> {
    /// Begins with those other batches pay this month.
    fn new(book: &PayBook, known: &'a Known) -> Self {
        let mut persons = HashMap::new();
        for one in known
            .elsewhere
            .iter()
            .filter_map(|id| known.entitlements.get(id))
            .filter(|one| !book.is_at_once(&one.component))
        {
            for person in covered(known, one) {
                persons.insert((one.programme.as_str(), person), 0);
            }
        }
        Self {
            persons,
            cards: HashMap::new(),
        }
    }
}

/// The persons an entitlement is for.
fn covered(known: &Known, one: &Entitlement) -> Vec<i64> {
    match one.subject.kind {
        SubjectKind::Person => vec![one.subject.id],
        SubjectKind::Household => known
            .members
            .get(&one.subject.id)
            .cloned()
            .unwrap_or_default(),
    }
}

struct Judging<'a> {
    book: &'a PayBook,
    known: &'a Known,
    line: &'a Line,
    found: Vec<Finding>,
    by_feed: Vec<(&'static str, i64)>,
}

impl<'a> Judging<'a> {
    /// Notes a finding, unless the place does not make the check or somebody answered for it.
    fn say(&mut self, code: &str, detail: String) {
        let Some(check) = self.book.check(code) else {
            return;
        };
        let content = &self.line.content;
        let answered = |about: &str, id: i64| {
            let key = (about.to_owned(), id, code.to_owned());
            self.known.confirmed.contains(&key)
        };
        let of_card = content.account.is_some_and(|id| answered("account", id));
        if check.may_confirm && (of_card || answered("entitlement", content.entitlement)) {
            return;
        }
        let says = if detail.is_empty() {
            check.title.clone()
        } else {
            format!("{}:{detail}", check.title)
        };
        self.found.push(Finding {
            line_no: content.line_no,
            code: code.to_owned(),
            says,
        });
    }

    /// The same for what a department's file alone says.
    fn say_of_feed(&mut self, code: &'static str, detail: String) {
        self.say(code, detail);
        let id = self.line.content.entitlement;
        let key = ("entitlement".to_owned(), id, format!("{OF_FEED}{code}"));
        if self.book.check(code).is_some() && !self.known.confirmed.contains(&key) {
            self.by_feed.push((code, id));
        }
    }

    fn entitlement(&mut self, seen: &mut Seen<'a>) {
        let content = &self.line.content;
        let month = content.month;
        let of = (content.entitlement, month);
        let is_due =
            |one: &&Entitlement| one.covers(month) || self.known.due_after_all.contains(&of);
        let known = self.known.entitlements.get(&of.0);
        let Some(one) = known.filter(is_due) else {
            self.say("stopped", "待遇在这个月以前已经停了".to_owned());
            return;
        };
        let first = month.first();
        let persons = match one.subject.kind {
            SubjectKind::Person => vec![one.subject.id, content.payee.get()],
            SubjectKind::Household => vec![content.payee.get()],
        };
        let died = persons
            .iter()
            .filter_map(|person| self.known.deaths.get(person))
            .min();
        if let Some(day) = died.filter(|day| **day < first) {
            self.say_of_feed("death", format!("{day}"));
        }
        if persons.iter().any(|id| self.known.custody.contains(id)) {
            self.say("custody", String::new());
        }
        // Grants that are paid at once are each their own: help first and what follows it, part after part.
        if content.attempt == 1 && !self.book.is_at_once(&one.component) {
            for person in covered(self.known, one) {
                let key = (one.programme.as_str(), person);
                match seen.persons.insert(key, content.line_no) {
                    Some(0) => self.say("duplicate_person", "本月另一批已经发过".to_owned()),
                    Some(other) if other != content.line_no => {
                        self.say("duplicate_person", format!("与第 {other} 行"));
                    }
                    _ => continue,
                }
                break;
            }
        }
        let by_roll = one.cause.kind == "row" && content.attempt == 1;
        if by_roll && let Some(roll) = &self.known.roll {
            let key = (one.programme.clone(), one.subject);
            if !roll.contains_key(&key) {
                self.say_of_feed("stopped", String::new());
            }
        }
    }

    fn card(&mut self, seen: &mut Seen<'a>) {
        let content = &self.line.content;
        if self.known.nameless.contains(&content.line_no) {
            self.say("no_name", String::new());
        }
        let Some(card) = content.account else {
            self.say("no_card", String::new());
            return;
        };
        if self.known.misfits.contains(&card) {
            self.say("check_digit", String::new());
        }
        if let Some(households) = self.known.shared.get(&card) {
            self.say("shared_card", format!("{households} 户"));
        }
        if self.known.fresh.contains(&content.entitlement) {
            self.say("fresh_card", String::new());
        }
        if self.known.before.get(&self.line.id) == Some(&Some(card)) {
            self.say("same_card", String::new());
        }
        let (home, line) = (content.household.get(), content.line_no);
        let key = (content.programme.as_str(), card);
        match seen.cards.get(&key) {
            Some((other, at)) if *other != home => {
                self.say("duplicate_card", format!("与第 {at} 行"));
            }
            Some(_) => {}
            None => {
                seen.cards.insert(key, (home, line));
            }
        }
    }

    fn budget(&mut self, left: &mut BTreeMap<String, Fen>) {
        let content = &self.line.content;
        let Some(rest) = left.get_mut(&content.fund) else {
            return;
        };
        match rest.checked_sub(content.amount) {
            Some(after) if after >= Fen::ZERO => *rest = after,
            _ => self.say("over_budget", format!("{} 还剩 {rest} 元", content.fund)),
        }
    }
}

/// Somebody answers for what a check found on a line; the next check passes over it.
///
/// # Errors
/// The right is missing, the check cannot be confirmed, or whoever checked or prepared the batch asks.
pub async fn confirm(
    office: &Office,
    who: &Acting,
    batch: i64,
    line_no: u32,
    code: &str,
    why: &str,
) -> Paid<()> {
    whole(who, Right::PAYMENT_APPROVE)?;
    let book = super::book(office)?;
    let known = book.check(code).filter(|check| check.may_confirm);
    let known = known.ok_or_else(|| {
        let said = format!("`{code}` 不能确认放行,要先改好再发");
        PayError::Refused(said)
    })?;
    if why.trim().is_empty() {
        let said = "请写明看过什么、为什么可以发";
        return Err(PayError::Refused(said.to_owned()));
    }
    let held = found(&office.store, batch).await?;
    let mine = super::accounts_of(&office.store, who).await?;
    if mine.contains(&held.content.prepared_by.get()) {
        let said = "编制的人不能自己确认放行;请换一位同事看";
        return Err(PayError::Refused(said.to_owned()));
    }
    let line = payments::line_id(batch, line_no);
    let line = match line {
        Some(id) => payments::find_line(&office.store, id).await?,
        None => None,
    };
    let line =
        line.ok_or_else(|| PayError::NotFound(format!("第 {batch} 批没有第 {line_no} 行")))?;
    let of_card = ["check_digit", "shared_card", "duplicate_card"].contains(&code);
    let about = match line.content.account.filter(|_| of_card) {
        Some(account) => ("account", account),
        None => ("entitlement", line.content.entitlement),
    };
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    store::bank_accounts::confirm(&mut tx, &at, who.login(), about, code, why.trim()).await?;
    let says = format!("第 {line_no} 行 {}:{}", known.title, why.trim());
    note(&mut tx, office, who, "payment.confirm", batch, &says);
    tx.commit().await?;
    Ok(())
}

/// Another card for an entitlement, from now on.
///
/// # Errors
/// The right is missing, or there is no such entitlement.
pub async fn set_card(
    office: &Office,
    who: &Acting,
    entitlement: i64,
    card: &BankCard,
    why: &str,
) -> Paid<()> {
    whole(who, Right::PAYMENT_PREPARE)?;
    let mut tx = office.store.write().await?;
    if entitlements::find(&tx, entitlement).await?.is_none() {
        let said = format!("没有编号为 {entitlement} 的待遇");
        return Err(PayError::NotFound(said));
    }
    let at = office.clock.at();
    let known = store::bank_accounts::remember(&mut tx, &at, std::slice::from_ref(card)).await?;
    let cause = Cause::new("act", why.trim());
    for account in known {
        let by = who.login();
        entitlements::change_account(&mut tx, &at, by, entitlement, account, &cause).await?;
    }
    tx.record(
        Act::new(&at, who.login(), "payment.set-card")
            .on("entitlement", entitlement)
            .because(why.trim()),
    );
    tx.commit().await?;
    Ok(())
}
