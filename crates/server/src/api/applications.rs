//! 申请 from another system: the same as at the window, taken once under the sender's own word.

use axum::http::StatusCode;
use office::access::Right;
use office::casework::{self, CaseError, Window};

use super::cases::{PaperForm, paper, said};
use super::operation::{Call, Made, Operation, Sent};
use super::problem::{FieldError, Problem, Told};
use super::shape::{Number, Text, choices, forms, shapes};
use crate::routes::{Need, Routes};

choices! {
    /// 怎样知道的。
    CauseWord {
        "apply" = "本人申请",
        "on-behalf" = "代办",
        "warning" = "预警,要写编号",
        "clue" = "线索,要写编号",
        "hotline" = "热线",
        "found" = "主动发现",
    }
}

forms! {
    /// 一份申请。
    ApplicationForm {
        /// 怎样知道的。
        cause: CauseWord,
        /// 预警或者线索的编号。
        cause_id: Option<Number>,
        /// 申请人。
        applicant: ApplicantForm,
        /// 共同生活的其他成员。
        members: Option<Vec<MemberForm>>,
        /// 申请人住的村(社区)的区划代码;登记里有的可以不写。
        area: Option<Text<12>>,
        /// 申请哪几项救助:项目的编号。
        programmes: Vec<Text<60>>,
        /// 给个人的项目给谁申请;不写的给申请人本人。
        whom: Option<Vec<WhomForm>>,
        /// 申请人声明的情况。
        declared: Option<Vec<DeclaredForm>>,
        /// 交来的材料。
        papers: Option<Vec<PaperForm>>,
        /// 有人在别处享受或者在办,还要收件的理由。
        going_on: Option<Text<200>>,
    }
    /// 申请人。
    ApplicantForm {
        /// 姓名。
        name: Text<60>,
        /// 身份证号。
        id_number: Text<18>,
    }
    /// 一名成员。
    MemberForm {
        /// 姓名。
        name: Text<60>,
        /// 身份证号。
        id_number: Text<18>,
        /// 与申请人的关系,如 配偶、子女、父母。
        relation: Text<20>,
    }
    /// 一个给个人的项目给谁申请。
    WhomForm {
        /// 项目的编号,申请的项目里有的。
        programme: Text<60>,
        /// 第几名成员,从 1 数;申请人本人的不写。
        member: Option<Number>,
    }
    /// 声明的一项情况。
    DeclaredForm {
        /// 手册词典里的事实名。
        fact: Text<60>,
        /// 是谁的:登记里的人员编号;全家的不写。
        person: Option<Number>,
        /// 内容,写法与收件页面相同。
        value: Text<100>,
    }
}

shapes! {
    /// 收件的结果。
    ApplicationTaken {
        /// 申请编号。
        application: i64,
        /// 立的办件,一项救助一件。
        cases: Vec<i64>,
        /// 已经有在办办件、没有再立的项目。
        joined: Vec<JoinedCase>,
    }
    /// 已经在办的。
    JoinedCase {
        /// 救助项目的编号。
        programme: String,
        /// 办件编号。
        case: i64,
    }
}

pub(super) fn add(routes: Routes) -> Routes {
    routes.takes(
        Operation::post(
            "/api/v1/applications",
            Need::Right(Right::CASE_ACCEPT),
            "takeApplication",
        )
        .about("办件", "收件:登记申请人和成员,每项救助立一件")
        .once()
        .also(404),
        take,
    )
}

async fn take(call: Call, sent: Sent<ApplicationForm>) -> Told<Made<ApplicationTaken>> {
    let desk = call.desk()?;
    let word = call.once();
    // Kept before anything is done: whoever uses the word for something else is told, and what was done
    // under it is found again by the same word.
    if !desk.access.keep_word(&desk.who, &word, &sent.bytes).await? {
        let said = "这个 Idempotency-Key 已经用于另一份内容;新的申请请换一个编号";
        return Err(Problem::of(StatusCode::UNPROCESSABLE_ENTITY, said).at("idempotency-key"));
    }
    let form = window(sent.body, format!("api:{}:{word}", desk.who.user()))?;
    let taken = casework::take_in(desk.access.office(), &desk.who, &form).await;
    let opened = match taken {
        Ok(Ok(opened)) => opened,
        Ok(Err(wrong)) => {
            let said = format!("成员有 {} 处要改,没有收件", wrong.len());
            let mut problem = Problem::of(StatusCode::UNPROCESSABLE_ENTITY, said);
            problem.errors = wrong
                .into_iter()
                .map(|wrong| FieldError {
                    field: match wrong.row {
                        0 => "/applicant".to_owned(),
                        // The first row holds the headers.
                        row => format!("/members/{}", row.saturating_sub(2)),
                    },
                    detail: format!("{}:{}", wrong.column, wrong.said),
                })
                .collect();
            return Err(problem);
        }
        Err(CaseError::Refused(said)) => {
            return Err(Problem::of(StatusCode::UNPROCESSABLE_ENTITY, said));
        }
        Err(error) => return Err(error.into()),
    };
    let joined = opened.joined.into_iter();
    let told = ApplicationTaken {
        application: opened.application.get(),
        cases: opened.cases.iter().map(|no| no.get()).collect(),
        joined: joined
            .map(|(programme, no)| JoinedCase {
                programme,
                case: no.get(),
            })
            .collect(),
    };
    Ok(match opened.again {
        true => Made::Again(told),
        false => Made::New(told),
    })
}

/// For whom each programme for one person is applied for, as the window's form says it: by row and name.
fn whom(form: &ApplicationForm) -> Told<Vec<(String, String)>> {
    /// Rows before the members: the headers; the members count from 1.
    const BEFORE: i64 = 1;
    let mut out = Vec::new();
    for (at, one) in form.whom.iter().flatten().enumerate() {
        let wrong = |said: &str| {
            let problem = Problem::of(StatusCode::UNPROCESSABLE_ENTITY, said);
            problem.at(format!("/whom/{at}"))
        };
        if !form.programmes.iter().any(|p| p.0 == one.programme.0) {
            return Err(wrong("给谁申请的项目不在申请的项目里"));
        }
        let word = match &one.member {
            None => format!("row-0-{}", form.applicant.name.0.trim()),
            Some(member) => {
                let place = usize::try_from(member.0.saturating_sub(1)).ok();
                let members = form.members.iter().flatten();
                let named = place.and_then(|place| members.clone().nth(place));
                let named = named.ok_or_else(|| wrong("没有这名成员;从 1 数起"))?;
                let row = member.0.saturating_add(BEFORE);
                format!("row-{row}-{}", named.name.0.trim())
            }
        };
        out.push((one.programme.0.clone(), word));
    }
    Ok(out)
}

/// The form of the window.
fn window(form: ApplicationForm, form_key: String) -> Told<Window> {
    /// What separates cells of pasted rows.
    const BETWEEN: [char; 3] = ['\t', ',', ','];
    let whom = whom(&form)?;
    let mut rows = vec!["姓名\t身份证号\t与申请人关系".to_owned()];
    for (at, member) in form.members.into_iter().flatten().enumerate() {
        let cells = [member.name.0, member.id_number.0, member.relation.0];
        if cells.iter().any(|cell| cell.contains(BETWEEN)) {
            let said = "成员的姓名、号码和关系里不能有逗号";
            let problem = Problem::of(StatusCode::UNPROCESSABLE_ENTITY, said);
            return Err(problem.at(format!("/members/{at}")));
        }
        rows.push(cells.join("\t"));
    }
    let pasted = match rows.len() {
        1 => String::new(),
        _ => rows.join("\n"),
    };
    let answers = form.declared.into_iter().flatten().map(|declared| {
        let field = match declared.person {
            Some(person) => format!("{}@{}", declared.fact.0, person.0),
            None => declared.fact.0,
        };
        (field, declared.value.0)
    });
    Ok(Window {
        person: None,
        form_key,
        cause: form.cause.0.to_owned(),
        cause_id: form.cause_id.map(|id| id.0),
        name: form.applicant.name.0,
        number: form.applicant.id_number.0,
        members: Vec::new(),
        pasted,
        kin: String::new(),
        area: said(form.area),
        programmes: form.programmes.into_iter().map(|p| p.0).collect(),
        whom,
        answers: answers.collect(),
        papers: form.papers.into_iter().flatten().map(paper).collect(),
        going_on: said(form.going_on),
    })
}
