//! The county's centre of verification, with the people who come to it, through the pages.

use crate::browse::ask;
pub(super) use crate::browse::{Told, hidden};
use crate::county::{County, Faults};
use crate::staff::{Signed, Staff};
use axum::Router;
use domain::{CaseNo, PersonId, Relation};
use office::access::{By, NewAccount, NewOffice};
use office::casework::{
    self, Cause, Completion, Declared, Opening, Paper, PaperState, Wanted, complete,
};
use office::verification::Unsigned;
use office::{Database, Office};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The township of the clerk.
const TOWN: &str = "990101001";

/// A family of the register: the head first.
pub(super) struct Family {
    pub(super) members: Vec<(PersonId, Relation)>,
    pub(super) names: BTreeMap<PersonId, (String, String)>,
}

pub(super) struct Centre {
    pub(super) county: County,
    pub(super) office: Arc<Office>,
    pub(super) router: Router,
    pub(super) wang: Signed,
    pub(super) zhao: Signed,
    pub(super) yibao: Signed,
    pub(super) chen: Signed,
}

impl Centre {
    pub(super) async fn open(database: Database) -> Self {
        let county = County::new(Faults::None);
        let setting = crate::county::setting(
            &county.folder.path().join("verify"),
            database,
            "2026-09-14T09:00",
        );
        let office = Arc::new(county.received(setting).await);
        let staff = Staff::of(&office, "990101").await;
        let wang = staff.enter("wang", "窗口经办", TOWN).await;
        let zhao = staff.enter("zhao", "核对员", "990101").await;
        let chen = staff.enter("chen", "县级审核", "990101").await;
        let yibao = liaison(&staff).await;
        let router = staff.router(&office).await;
        Self {
            router,
            county,
            office,
            wang,
            zhao,
            yibao,
            chen,
        }
    }

    pub(super) async fn ask(
        &self,
        who: &Signed,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Told {
        ask(&self.router, who, method, path, fields).await
    }

    pub(super) async fn see(&self, who: &Signed, path: &str) -> Told {
        self.ask(who, "GET", path, &[]).await
    }

    /// Families of the town with two members or more, all with a number.
    pub(super) async fn families(&self, how_many: usize) -> Vec<Family> {
        let register = self.county.feed("2026-08", "register");
        let rows = register.columns([
            "姓名",
            "身份证号",
            "户号",
            "与户主关系",
            "居住地区",
            "登记状态",
            "出生日期",
        ]);
        let mut homes: BTreeMap<&str, Vec<[&str; 7]>> = BTreeMap::new();
        for row in rows {
            homes.entry(row[2]).or_default().push(row);
        }
        let grown =
            |row: &[&str; 7]| row[3] == "户主" && row[4].starts_with(TOWN) && row[6] < "1990";
        let fits = homes.values().filter(|home| {
            (2..=4).contains(&home.len())
                && home
                    .iter()
                    .all(|row| row[1].len() == 18 && row[5] == "在册")
                && home.iter().any(grown)
        });
        let mut out = Vec::new();
        for home in fits.take(how_many) {
            let mut family = Family {
                members: Vec::new(),
                names: BTreeMap::new(),
            };
            let mut home = home.clone();
            home.sort_by_key(|row| row[3] != "户主");
            for row in home {
                let found = casework::people::find(&self.office, &self.wang.who, row[0], row[1]);
                let person = found.await.unwrap().unwrap();
                let relation = Relation::parse(row[3]).unwrap();
                family.members.push((person, relation));
                let own = (row[0].to_owned(), row[1].to_owned());
                family.names.insert(person, own);
            }
            out.push(family);
        }
        assert_eq!(out.len(), how_many);
        out
    }

    /// An application of a family, brought to its verification.
    pub(super) async fn apply(
        &self,
        family: &Family,
        programmes: &[&str],
        declared: Vec<Declared>,
    ) -> Vec<CaseNo> {
        let papers = ["申请书", "授权核对委托书", "身份证件", "支出单据"];
        let opening = Opening {
            form_key: format!("form-{}", family.members[0].0),
            cause: Cause::Apply,
            cause_id: None,
            applicant: family.members[0].0,
            helper: None,
            members: family.members.clone(),
            wanted: programmes
                .iter()
                .map(|programme| Wanted {
                    programme: (*programme).to_owned(),
                    person: None,
                })
                .collect(),
            declared,
            papers: papers
                .iter()
                .map(|name| Paper {
                    name: (*name).to_owned(),
                    state: PaperState::Given,
                    because: String::new(),
                })
                .collect(),
            going_on: "已核实".to_owned(),
        };
        let opened = casework::open(&self.office, &self.wang.who, &opening)
            .await
            .unwrap();
        for no in &opened.cases {
            self.walk(*no, "信息核对").await;
        }
        opened.cases
    }

    /// The clerk does the steps up to one.
    pub(super) async fn walk(&self, no: CaseNo, to: &str) {
        for _ in 0..6 {
            let mut case = casework::load(&self.office, &self.wang.who, no)
                .await
                .unwrap();
            let step = case.open_step().unwrap().clone();
            if step.name == to {
                return;
            }
            let mut tx = self.office.begin().await.unwrap();
            let completion = Completion {
                step: &step.name,
                gave: &step.gives[0],
                unsigned: Unsigned::AskTheOthers,
                ..Completion::default()
            };
            complete(&self.office, &mut tx, &self.wang.who, &mut case, completion)
                .await
                .unwrap();
            self.office.end(tx).await.unwrap();
        }
        panic!("{no} never came to {to}");
    }

    pub(super) async fn step(&self, no: CaseNo) -> String {
        let case = casework::load(&self.office, &self.chen.who, no)
            .await
            .unwrap();
        case.open_step().unwrap().name.clone()
    }

    /// Members sign for every source, through the page.
    pub(super) async fn sign(&self, no: CaseNo, persons: &[PersonId]) {
        let persons: Vec<String> = persons.iter().map(ToString::to_string).collect();
        let mut fields = vec![("act", "give"), ("signed", "paper")];
        fields.extend(persons.iter().map(|person| ("person", person.as_str())));
        let told = self
            .ask(
                &self.wang,
                "POST",
                &format!("/verify/consents/{no}"),
                &fields,
            )
            .await;
        assert_eq!(told.status, 303, "{}", told.body);
    }

    /// The request file of a source: request number and id number of each row.
    pub(super) async fn request(&self, batch: i64, source: &str) -> Vec<(i64, String)> {
        let path = format!("/verify/{batch}/request/{source}?as=csv");
        let mut told = self.see(&self.zhao, &path).await;
        if told.status == 403 {
            office::exports::demo::agree(&self.office, &self.zhao.who, &self.chen.who)
                .await
                .unwrap();
            told = self.see(&self.zhao, &path).await;
        }
        assert_eq!(told.status, 200, "{}", told.body);
        let text = told.body.trim_start_matches('\u{FEFF}').to_owned();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        reader
            .records()
            .map(|row| {
                let row = row.unwrap();
                (row[1].parse().unwrap(), row[3].to_owned())
            })
            .collect()
    }

    pub(super) async fn answer(&self, who: &Signed, source: &str, file: &str) -> Told {
        let fields = [("source", source), ("file", file)];
        self.ask(who, "POST", "/verify/1/answers", &fields).await
    }

    /// A source that finds nothing about anybody.
    pub(super) async fn nothing(&self, batch: i64, source: &str) {
        let mut file = "序号,请求编号,身份证号,姓名,是否查得,查询日期".to_owned();
        for (at, (request, number)) in self.request(batch, source).await.iter().enumerate() {
            file.push_str(&format!(
                "\n{},{request},{number},某某,无,2026-09-14",
                at + 1
            ));
        }
        let header = self.header(source);
        let file = widened(&file, &header);
        let path = format!("/verify/{batch}/answers");
        let fields = [("source", source), ("file", file.as_str())];
        let told = self.ask(&self.zhao, "POST", &path, &fields).await;
        assert_eq!(
            told.place,
            format!("/verify/{batch}?done=taken"),
            "{source} {}",
            told.body
        );
    }

    pub(super) fn header(&self, source: &str) -> Vec<String> {
        let text = &self.office.book().texts()[&format!("verification/{source}.md")];
        let lines = text.lines().filter_map(|line| line.strip_prefix("列 "));
        lines
            .map(|line| line.split(' ').next().unwrap().to_owned())
            .collect()
    }
}

/// Rows cut to the first columns of a header get empty cells for the others.
fn widened(file: &str, header: &[String]) -> String {
    let mut lines = file.lines();
    let have = lines.next().unwrap().split(',').count();
    let more = ",".repeat(header.len() - have);
    let rows = lines.map(|line| format!("{line}{more}"));
    std::iter::once(header.join(","))
        .chain(rows)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Somebody of the office that answers for medical costs.
async fn liaison(staff: &Staff) -> Signed {
    let bureau = NewOffice {
        code: "demo-yb".to_owned(),
        name: "医疗保障局".to_owned(),
        area: "990101".to_owned(),
        parent: None,
    };
    staff.access.add_office(By::Machine, &bureau).await.unwrap();
    let new = NewAccount {
        login: "yibao".to_owned(),
        name: "联络员".to_owned(),
        organisation: "demo-yb".to_owned(),
    };
    staff.access.add_account(By::Machine, &new).await.unwrap();
    staff.give("yibao", "部门联络员", "990101").await;
    let begun = staff
        .access
        .session_at_the_machine("yibao", "test")
        .await
        .unwrap();
    let secret = begun.secret.text();
    let visitor = staff.visitor(&secret).await.unwrap();
    Signed {
        who: visitor.acting,
        secret,
        word: visitor.form_word,
    }
}
