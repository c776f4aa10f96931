//! 说明差异: the applicant says in their own words, with photos, why what was declared and what was found differ, as
//! soon as they were asked. The verifier sees it beside the difference and may still not accept it.

use super::Resident;
use super::apply::Filled;
use super::my::own_case;
use crate::access::Access;
use crate::casework::{Case, CaseError, Done, without_numbers};
use crate::office::Office;
use crate::photos::{self, AboutKind, NewPhoto, PhotoAbout, PhotoRole};
use crate::verification::{self, ToExplain};
use domain::CaseNo;

/// What the photos of an explanation are labelled with, before the fact.
pub(crate) const LABEL: &str = "说明";
/// Characters of an explanation.
const SAYS_MAX: usize = 200;

/// One difference the applicant was asked about.
#[derive(Clone, Debug)]
pub struct ExplainLine {
    /// What the form sends.
    pub key: String,
    /// Of whom and what: 本人的存款.
    pub about: String,
    /// What was declared and found; of another grown-up only that it differs.
    pub differs: String,
    /// By when.
    pub due: String,
    /// What was said already.
    pub said: Vec<String>,
}

/// The differences of one's own case that wait for words.
pub(super) async fn lines(office: &Office, case: &Case) -> Done<Vec<ExplainLine>> {
    let all = verification::to_explain(office, &office.store, &case.application).await?;
    Ok(all.into_iter().map(line).collect())
}

fn line(one: ToExplain) -> ExplainLine {
    ExplainLine {
        key: format!("{}:{}", one.person, one.fact),
        about: format!("{}的{}", one.whose, one.fact),
        differs: match one.is_own {
            true => one.values,
            false => "申报的和查到的不一样".to_owned(),
        },
        due: one.due.map_or_else(String::new, |day| day.to_string()),
        said: one.said,
    }
}

/// Takes the applicant's words and photos about a difference.
///
/// # Errors
/// It is not one's own, nobody asked, the report is issued, nothing was said, or a picture cannot be taken.
pub async fn explain(
    access: &Access,
    who: &Resident,
    no: CaseNo,
    (key, says, files): (&str, &str, Vec<Filled>),
) -> Done<()> {
    let office = access.office();
    let case = own_case(office, who, no).await?;
    let says = says.trim();
    if says.is_empty() || says.chars().count() > SAYS_MAX {
        let said = format!("请用几句话说明为什么不一样,最多 {SAYS_MAX} 字");
        return Err(CaseError::Refused(said));
    }
    without_numbers(says)?;
    let all = verification::to_explain(office, &office.store, &case.application).await?;
    let mut all = all.into_iter();
    let one = all.find(|one| format!("{}:{}", one.person, one.fact) == key);
    let one = one.ok_or_else(|| {
        let said = "这一项现在不用说明,或者核对报告已经出了;不同意结果的,请到窗口提出";
        CaseError::Refused(said.to_owned())
    })?;
    let sent: Vec<Filled> = files.into_iter().filter(|f| !f.bytes.is_empty()).collect();
    let acting = access.resident(who.no, case.standing.area);
    let about = PhotoAbout::new(AboutKind::Application, case.application.no);
    let under = format!("application:{}", case.application.no);
    let label = format!("{LABEL} {}", one.fact);
    let (names, files): (Vec<String>, Vec<Vec<u8>>) =
        sent.into_iter().map(|one| (one.name, one.bytes)).unzip();
    // All of them before the first is kept: what is refused leaves nothing behind.
    let files = photos::looked(office, &about, files).await?;
    let mut tx = office.store.write().await?;
    for (name, bytes) in names.iter().zip(files) {
        let new = NewPhoto {
            about: &about,
            under: &under,
            role: PhotoRole::Paper,
            label: &label,
            name,
            said_at: "",
            bytes,
        };
        photos::keep(office, &mut tx, acting.login(), new).await?;
    }
    verification::explained_by(office, &mut tx, &acting, (&case.application, &one), says).await?;
    tx.commit().await?;
    Ok(())
}
