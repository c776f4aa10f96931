//! What the pages of casework show: the work list, one case, and what stands before an application.

use super::{Behind, Choice, FactView, Tone, Word};
use serde::Serialize;

/// 待办
#[derive(Clone, Debug, Serialize)]
pub struct InboxView {
    /// The groups that have lines, with how many.
    pub groups: Vec<GroupView>,
    /// The lines of the chosen group, or of all.
    pub rows: Vec<CaseLine>,
    /// How many lines there are in all groups.
    pub total: usize,
    /// Whether there are more than were read.
    pub more: bool,
    /// Open clues here, those that cannot wait first.
    pub clues: Vec<ClueLine>,
    /// For overseers: cases in nobody's list.
    pub unowned: Vec<CaseLine>,
    /// For overseers: cases that are late, whoever has them.
    pub late: Vec<CaseLine>,
    /// Whether this is an overseer.
    pub oversees: bool,
    /// Whether this person takes applications.
    pub accepts: bool,
}

/// One group of the work list.
#[derive(Clone, Debug, Serialize)]
pub struct GroupView {
    /// What the address carries.
    pub code: &'static str,
    /// What it is called, and how it is felt.
    pub word: Word,
    /// How many lines it has.
    pub count: usize,
    /// Whether it is the chosen one.
    pub chosen: bool,
}

/// One case in a list.
#[derive(Clone, Debug, Serialize)]
pub struct CaseLine {
    /// 办件编号.
    pub no: i64,
    /// The programme.
    pub title: String,
    /// Who applied, masked.
    pub applicant: String,
    /// Where.
    pub place: String,
    /// The open step.
    pub step: String,
    /// Since when.
    pub since: String,
    /// By when, in words.
    pub due: String,
    /// In which group, and how it is felt.
    pub group: Word,
    /// Its marks.
    pub marks: Vec<String>,
    /// Whom it was handed to; empty for nobody by name.
    pub owner: String,
}

/// One clue in a list.
#[derive(Clone, Debug, Serialize)]
pub struct ClueLine {
    /// 线索编号.
    pub no: i64,
    /// Whom it is about, masked.
    pub person: String,
    /// Number of the person.
    pub person_id: i64,
    /// Where.
    pub place: String,
    /// What happened.
    pub text: String,
    /// When it came.
    pub at: String,
    /// Whether it cannot wait.
    pub urgent: bool,
    /// By when it must have become an application or come to an end.
    pub due: Option<Word>,
}

/// 办件
#[derive(Clone, Debug, Serialize)]
pub struct CaseView {
    /// 办件编号.
    pub no: i64,
    /// The programme.
    pub title: String,
    /// Who applied, masked.
    pub applicant: String,
    /// The applicant's household.
    pub household: Behind,
    /// Where it is handled.
    pub place: String,
    /// Where it stands, as the applicant reads it too.
    pub stands: String,
    /// Where it was handed in, when that is elsewhere.
    pub taken_place: Option<String>,
    /// How the office came to know.
    pub cause: String,
    /// When it was handed in.
    pub received: String,
    /// Who took it.
    pub taken_by: String,
    /// Whether it goes on, and how.
    pub state: Word,
    /// Its marks.
    pub marks: Vec<String>,
    /// What must be done now, in one sentence.
    pub advice: String,
    /// The procedure: its title and its rulebook file.
    pub procedure: (String, Behind),
    /// Steps done, the open one and those to come as things stand.
    pub steps: Vec<StepView>,
    /// The times of the law.
    pub law: Vec<TimeView>,
    /// The pauses.
    pub pauses: Vec<String>,
    /// What is true of it.
    pub told: Vec<String>,
    /// The family, as the applicant says.
    pub members: Vec<MemberLine>,
    /// Who was found elsewhere when it was taken.
    pub flags: Vec<String>,
    /// The letters that can be printed.
    pub letters: Vec<String>,
    /// Whether it came after a decision, with a page of its own for what was before and is after.
    pub afterwards: bool,
    /// The papers, each with its state.
    pub papers: Vec<(String, Word, String)>,
    /// What was declared.
    pub declared: Vec<DeclaredLine>,
    /// What happened, newest first.
    pub events: Vec<EventLine>,
    /// Other cases of the same application.
    pub others: Vec<CaseLine>,
    /// What this person may do now; none when nothing.
    pub acts: Option<Acts>,
    /// Why this person can do nothing here; empty when they can.
    pub not_yours: String,
}

/// One step of a case.
#[derive(Clone, Debug, Serialize)]
pub struct StepView {
    /// Its name.
    pub name: String,
    /// Done, open or to come.
    pub state: Word,
    /// Who does it, or did.
    pub who: String,
    /// When it was done, or by when it must be.
    pub when: String,
    /// What it gave or gives.
    pub gives: String,
    /// Whether it is the open one.
    pub is_open: bool,
}

/// One running or finished time.
#[derive(Clone, Debug, Serialize)]
pub struct TimeView {
    /// From what to what, how long.
    pub title: String,
    /// By when, in words; or that a calendar is missing.
    pub due: Word,
    /// The holidays skipped, in words; empty for none.
    pub skipped: String,
    /// On which articles.
    pub cites: String,
}

/// One member of the family.
#[derive(Clone, Debug, Serialize)]
pub struct MemberLine {
    /// Name, masked.
    pub name: String,
    /// Number, masked.
    pub number: String,
    /// To the applicant.
    pub relation: String,
    /// The person.
    pub behind: Behind,
}

/// One declared fact.
#[derive(Clone, Debug, Serialize)]
pub struct DeclaredLine {
    /// Of whom.
    pub who: String,
    /// Which fact.
    pub fact: String,
    /// What was said.
    pub value: String,
    /// When, and who wrote it down.
    pub said: String,
}

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
pub struct EventLine {
    /// When.
    pub at: String,
    /// Who.
    pub by: String,
    /// What.
    pub did: String,
    /// Why.
    pub because: String,
}

/// What somebody may do to a case now.
#[derive(Clone, Debug, Serialize)]
pub struct Acts {
    /// The open step.
    pub step: String,
    /// What it may give; the first is usual.
    pub gives: Vec<String>,
    /// Whether it takes a second person.
    pub needs_second: bool,
    /// Who that can be: account and name.
    pub seconds: Vec<Choice>,
    /// What is to be done on the page of the review, with its part of that page: the step is done there.
    pub reviews: Option<(&'static str, &'static str)>,
    /// Whether the step is done by a report of the verification.
    pub verifies: bool,
    /// Whether it is a visit, with a form to fill in at the door.
    pub visits: bool,
    /// Whether it can be done now; a pause or a missing paper stands against it otherwise.
    pub completes: bool,
    /// What has to be written down for it; empty where nothing has.
    pub needs_words: &'static str,
    /// Reasons to choose from where the step ends the procedure; empty elsewhere.
    pub ends_for: Vec<Choice>,
    /// Whether the others may be asked about while somebody has not consented.
    pub may_ask_the_others: bool,
    /// Whether everything missing can be told to the applicant now.
    pub corrects: bool,
    /// Papers that may be handed in.
    pub papers: Vec<Choice>,
    /// Steps it can be sent back to.
    pub back_to: Vec<String>,
    /// Reasons for that.
    pub back_reasons: Vec<Choice>,
    /// Reasons to pause; none while it is paused.
    pub pauses: Vec<String>,
    /// Whether it is paused.
    pub is_paused: bool,
    /// Circumstances this person may state, with what they mean.
    pub circumstances: Vec<Choice>,
    /// Circumstances that may be taken back.
    pub taken_back: Vec<String>,
    /// Reasons to end it before its last step: outcome and reason.
    pub endings: Vec<(&'static str, Choice)>,
    /// Where it could be sent on to, by area code.
    pub transfer_reasons: Vec<Choice>,
}

/// Who comes, before an application is taken.
#[derive(Clone, Debug)]
pub struct FamilyAsk {
    /// The applicant.
    pub applicant: i64,
    /// All who live together.
    pub members: Vec<i64>,
    /// The programmes, by their policies' names.
    pub programmes: Vec<String>,
    /// Of programmes for one person, for whom, none for somebody who is not in the record yet; without any the
    /// applicant.
    pub whom: Vec<(String, Option<i64>)>,
}

/// What is known of those who come, and what is still to be asked.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Family {
    /// The month the facts are of.
    pub month: String,
    /// What the state knows of each: 已由…提供, not asked again.
    pub provided: Vec<(String, Vec<FactView>)>,
    /// What the programmes' rules lack and only the applicant can say, each once.
    pub questions: Vec<Question>,
    /// What the rules lack and others must say: the source, and what.
    pub awaited: Vec<String>,
    /// What each programme says as things stand: title, answer, reasons.
    pub answers: Vec<(String, Word, Vec<String>)>,
}

/// One question to the applicant.
#[derive(Clone, Debug, Serialize)]
pub struct Question {
    /// Name of its field: the fact, and of whom.
    pub field: String,
    /// Of whom, masked.
    pub who: String,
    /// The fact.
    pub fact: String,
    /// How it is answered: a unit, a day, or one of the choices.
    pub hint: String,
    /// The answers there are; none for a number or a day.
    pub choices: Vec<String>,
    /// The programmes that ask.
    pub programmes: String,
}

impl Default for Word {
    fn default() -> Self {
        Self {
            text: String::new(),
            tone: Tone::Calm,
        }
    }
}
