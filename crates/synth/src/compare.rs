//! What came out against what is published: counted while families go by, written as a page.

use std::fmt::Write as _;

use crate::Summary;
use crate::calendar::{DayNo, MonthNo, first_of, last_of, month_of};
use crate::dice::count;
use crate::income::past_line_year;
use crate::people::{Aid, Family, Household, Person, Sex};
use crate::truth::means;

/// One figure: what was generated, what is published, and where.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What is counted.
    pub figure: &'static str,
    /// What came out.
    pub generated: f64,
    /// What is published, or the share chosen where nothing is.
    pub published: f64,
    /// Unit: %, ‰, 元, 人.
    pub unit: &'static str,
    /// Section of domain/figures.md, or 建模选择.
    pub source: &'static str,
}

const NBS: &str = "§7 NBS25";
const FUJIAN: &str = "§3 FJ21";
const MEDICAL: &str = "§8 MED23";
const CHOICE: &str = "建模选择";

/// Per-capita incomes are counted in steps of so many yuan a year.
const INCOME_STEP: usize = 50;
/// The last step holds everybody above.
const INCOME_STEPS: usize = 8_000;

/// Roll counts of urban or rural residents.
#[derive(Default, Clone, Copy)]
struct Zone {
    persons: u64,
    income_fen: i64,
    dibao: u64,
    dibao_households: u64,
    dibao_female: u64,
    dibao_old: u64,
    dibao_minor: u64,
    dibao_disabled: u64,
    dibao_paid_fen: i64,
    below_line: u64,
}

/// Stays and bills of residents or employees.
#[derive(Default, Clone, Copy)]
struct Care {
    persons: u64,
    stays: u64,
    bills_fen: i64,
}

/// What the other departments keep.
#[derive(Default, Clone, Copy)]
struct KeptCounts {
    /// Not insured as employees, and of them insured as residents.
    residents: [u64; 2],
    /// Of 16 to 59, and of them registered with the labour office.
    working_age: [u64; 2],
    /// Of 60 and more, and of them assessed.
    old: [u64; 2],
    /// Rural and watched, the risk not removed.
    watched: u64,
    /// Urban households, and of them with public housing or a rent subsidy.
    urban_homes: [u64; 2],
    /// Grants of temporary relief within a year.
    relief: u64,
}

/// Counts while families go by.
pub(crate) struct Tally {
    persons: u64,
    households: u64,
    ages: [u64; 4],
    urban: Zone,
    rural: Zone,
    incomes: Vec<u64>,
    deaths: u64,
    births: u64,
    window: u64,
    cards: u64,
    categories: [u64; 8],
    severe: u64,
    tekun: u64,
    edge: u64,
    edge_households: u64,
    living: u64,
    care_subsidy: u64,
    resident: Care,
    working: Care,
    retired: Care,
    kept: KeptCounts,
    situations: Vec<(&'static str, u64)>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            persons: 0,
            households: 0,
            ages: [0; 4],
            urban: Zone::default(),
            rural: Zone::default(),
            incomes: vec![0; INCOME_STEPS],
            deaths: 0,
            births: 0,
            window: 1,
            cards: 0,
            categories: [0; 8],
            severe: 0,
            tekun: 0,
            edge: 0,
            edge_households: 0,
            living: 0,
            care_subsidy: 0,
            resident: Care::default(),
            working: Care::default(),
            retired: Care::default(),
            kept: KeptCounts::default(),
            situations: Vec::new(),
        }
    }
}

impl Tally {
    /// Residents so far.
    pub(crate) fn persons(&self) -> u64 {
        self.persons
    }

    /// Households so far.
    pub(crate) fn households(&self) -> u64 {
        self.households
    }

    /// Counts a family as it is in the first of the observed months.
    pub(crate) fn add(&mut self, family: &Family, first: MonthNo, last: MonthNo) {
        self.window = u64::try_from(last - first + 1).unwrap_or(1);
        for (home, h) in family.households.iter().enumerate() {
            self.household(family, home, h, first);
        }
        for p in &family.people {
            self.life(p, first, last);
            for what in &p.situations {
                match self.situations.iter_mut().find(|(k, _)| k == what) {
                    Some((_, n)) => *n += 1,
                    None => self.situations.push((what, 1)),
                }
            }
        }
    }

    fn life(&mut self, p: &Person, first: MonthNo, last: MonthNo) {
        if p.home.is_none() {
            return;
        }
        let within = |day: DayNo| (first_of(first)..=last_of(last)).contains(&day);
        self.births += u64::from(within(p.birth));
        // A year before the first month is observed too.
        let since = first_of(first - 12);
        self.deaths += u64::from(
            p.death
                .is_some_and(|d| d.day >= since && d.day <= last_of(last)),
        );
    }

    fn household(&mut self, family: &Family, home: usize, h: &Household, month: MonthNo) {
        let m = means(family, home, month);
        let members = u64::try_from(m.members).unwrap_or(0);
        if members == 0 {
            return;
        }
        self.persons += members;
        self.households += 1;
        let head_fen = m.known() / m.members;
        let step = usize::try_from(head_fen.max(0) / 100).unwrap_or(0) / INCOME_STEP;
        if let Some(n) = self.incomes.get_mut(step.min(INCOME_STEPS - 1)) {
            *n += members;
        }
        let line_fen = crate::dice::fen(past_line_year(h.urban));
        let zone = if h.urban {
            &mut self.urban
        } else {
            &mut self.rural
        };
        zone.persons += members;
        zone.income_fen += m.known();
        zone.below_line += if head_fen < line_fen { members } else { 0 };
        let mut on_roll = [false; 2];
        for (_, p) in family.members(home).filter(|(_, p)| p.counts_in(month)) {
            self.person(p, month);
            if p.holds(Aid::Dibao, month) {
                let zone = if h.urban {
                    &mut self.urban
                } else {
                    &mut self.rural
                };
                zone.dibao(p, month);
            }
            on_roll = [
                on_roll[0] || p.holds(Aid::Dibao, month),
                on_roll[1] || p.holds(Aid::Edge, month),
            ];
        }
        self.kept.household(h, members, month);
        let [dibao, edge] = on_roll.map(u64::from);
        let zone = if h.urban {
            &mut self.urban
        } else {
            &mut self.rural
        };
        zone.dibao_households += dibao;
        self.edge_households += edge;
    }

    fn person(&mut self, p: &Person, month: MonthNo) {
        let age = p.age(first_of(month));
        let [young, adult, old, older] = &mut self.ages;
        match age {
            ..16 => *young += 1,
            16..60 => *adult += 1,
            _ => *old += 1,
        }
        *older += u64::from(age >= 65);
        if let Some(card) = p.card.filter(|c| c.valid) {
            self.cards += 1;
            self.severe += u64::from(card.grade <= 2);
            if let Some(n) = self.categories.get_mut(usize::from(card.category)) {
                *n += 1;
            }
        }
        self.kept.person(p, month);
        self.tekun += u64::from(p.holds(Aid::Tekun, month));
        self.edge += u64::from(p.holds(Aid::Edge, month));
        self.living += u64::from(p.holds(Aid::DisabledLiving, month));
        self.care_subsidy += u64::from(p.holds(Aid::DisabledCare, month));
        let care = if p.pension.is_some_and(|x| x.employee) {
            &mut self.retired
        } else if p.job_in(month).is_some_and(|j| j.fund) {
            &mut self.working
        } else {
            &mut self.resident
        };
        care.persons += 1;
        let year = month - 11..=month;
        for b in p
            .bills
            .iter()
            .filter(|b| b.inpatient && year.contains(&month_of(b.day)))
        {
            care.stays += 1;
            care.bills_fen += b.total_fen;
        }
    }

    /// Planted situations.
    pub(crate) fn situations(&self) -> Vec<(String, u64)> {
        let mut list: Vec<_> = self
            .situations
            .iter()
            .map(|(k, n)| ((*k).to_owned(), *n))
            .collect();
        list.sort();
        list
    }

    /// Mean yearly income per head of the poorest fifth, from the steps, yuan.
    fn poorest_fifth(&self) -> f64 {
        let mut left = self.persons / 5;
        let whole = left.max(1);
        let mut sum = 0.0;
        for (step, n) in self.incomes.iter().enumerate() {
            let taken = (*n).min(left);
            let middle = u64::try_from(step * INCOME_STEP + INCOME_STEP / 2).unwrap_or(0);
            sum += count(taken) * count(middle);
            left -= taken;
        }
        sum / count(whole)
    }

    /// The rows of comparison.md.
    pub(crate) fn compare(&self) -> Vec<Comparison> {
        let mut rows = self.compare_people();
        rows.extend(self.compare_dibao());
        rows.extend(self.compare_other_aid());
        rows.extend(self.compare_cards());
        rows.extend(self.compare_care());
        rows.extend(self.compare_kept());
        rows
    }

    fn compare_people(&self) -> Vec<Comparison> {
        let [young, adult, old, older] = self.ages;
        let all = self.persons;
        let size = count(all) / count(self.households.max(1));
        // Deaths are observed from a year before the first month on.
        let deaths = share(self.deaths, all) * 120.0 / (count(self.window) + 12.0);
        let births = share(self.births, all) * 120.0 / count(self.window);
        let poorest = self.poorest_fifth() / 12.0;
        let (rural, urban) = (self.rural.mean_income(), self.urban.mean_income());
        vec![
            percent("0至15岁", young, all, 16.4, NBS),
            percent("16至59岁", adult, all, 60.6, NBS),
            percent("60岁及以上", old, all, 23.0, NBS),
            percent("65岁及以上", older, all, 15.9, NBS),
            percent("农村人口", self.rural.persons, all, 60.0, CHOICE),
            row("户均人数", size, 2.6, "人", CHOICE),
            row("死亡率", deaths, 8.04, "‰", NBS),
            row("出生率", births, 5.64, "‰", NBS),
            row("农村人均年收入", rural, 24_456.0, "元", NBS),
            row("城镇人均年收入", urban, 56_502.0, "元", NBS),
            row("最低五分之一人均月收入", poorest, 846.0, "元", NBS),
        ]
    }

    fn compare_dibao(&self) -> Vec<Comparison> {
        let (r, u) = (&self.rural, &self.urban);
        let paid = r.paid_share(false);
        vec![
            percent(
                "农村低保人数占农村人口",
                r.dibao,
                r.persons,
                7.4,
                "§3 NBS25",
            ),
            percent(
                "城镇低保人数占城镇人口",
                u.dibao,
                u.persons,
                0.6,
                "§3 NBS25",
            ),
            row("农村低保户均人数", r.dibao_size(), 1.8, "人", "§1 / §10"),
            row("城镇低保户均人数", u.dibao_size(), 1.5, "人", "§1 / §10"),
            percent("农村低保女性", r.dibao_female, r.dibao, 44.0, FUJIAN),
            percent("农村低保60岁及以上", r.dibao_old, r.dibao, 26.0, FUJIAN),
            percent("农村低保未成年", r.dibao_minor, r.dibao, 16.0, FUJIAN),
            percent("农村低保残疾人", r.dibao_disabled, r.dibao, 21.0, FUJIAN),
            row("农村低保人均发放占标准", paid, 60.0, "%", "§2(50至85)"),
            percent("农村收入低于当年线", r.below_line, r.persons, 7.4, CHOICE),
        ]
    }

    fn compare_other_aid(&self) -> Vec<Comparison> {
        let all = self.persons;
        let dibao = self.rural.dibao + self.urban.dibao;
        let size = count(self.edge) / count(self.edge_households.max(1));
        vec![
            percent("特困人数占人口", self.tekun, all, 0.35, "§3 N2025B"),
            percent(
                "低保边缘人数比低保人数",
                self.edge,
                dibao,
                15.0,
                "§4 N2023B",
            ),
            row("低保边缘户均人数", size, 3.2, "人", "§1 YH24"),
            percent("残疾人生活补贴", self.living, all, 0.85, "§6 N2025B"),
            percent("残疾人护理补贴", self.care_subsidy, all, 1.18, "§6 N2025B"),
        ]
    }

    fn compare_care(&self) -> Vec<Comparison> {
        let (home, work, retired) = (&self.resident, &self.working, &self.retired);
        let stays = work.stays + retired.stays;
        let employees = mean_bill(work.bills_fen + retired.bills_fen, stays);
        let residents = mean_bill(home.bills_fen, home.stays);
        vec![
            percent("居民住院率", home.stays, home.persons, 20.7, MEDICAL),
            percent("在职职工住院率", work.stays, work.persons, 11.93, MEDICAL),
            percent(
                "退休职工住院率",
                retired.stays,
                retired.persons,
                49.02,
                MEDICAL,
            ),
            row("居民次均住院费", residents, 7_674.0, "元", MEDICAL),
            row("职工次均住院费", employees, 12_175.0, "元", MEDICAL),
        ]
    }

    fn compare_kept(&self) -> Vec<Comparison> {
        let kept = &self.kept;
        let pair = |figure, [all, some]: [u64; 2], published, source| {
            percent(figure, some, all, published, source)
        };
        vec![
            pair("居民医保参保", kept.residents, 95.0, "§8 MED24"),
            pair("16至59岁已登记就业失业", kept.working_age, 50.0, CHOICE),
            pair("60岁及以上已评估能力", kept.old, 8.0, CHOICE),
            percent(
                "农村人口中的监测对象",
                kept.watched,
                self.rural.persons,
                0.8,
                CHOICE,
            ),
            pair("城镇家庭享受住房保障", kept.urban_homes, 0.7, CHOICE),
            percent("一年临时救助人次", kept.relief, self.persons, 0.75, "§10"),
        ]
    }

    fn compare_cards(&self) -> Vec<Comparison> {
        let [_, sight, hearing, speech, body, mind, mental, several] = self.categories;
        let of = |n| share(n, self.cards);
        // The survey's shares add up to a hundred percent; DS06.
        vec![
            row(
                "持证残疾人占人口",
                share(self.cards, self.persons),
                2.7,
                "%",
                "§6 known",
            ),
            row("视力", of(sight), 14.86, "%", "§6 DS06"),
            row("听力", of(hearing), 24.16, "%", "§6 DS06"),
            row("言语", of(speech), 1.53, "%", "§6 DS06"),
            row("肢体", of(body), 29.07, "%", "§6 DS06"),
            row("智力", of(mind), 6.68, "%", "§6 DS06"),
            row("精神", of(mental), 7.40, "%", "§6 DS06"),
            row("多重", of(several), 16.30, "%", "§6 DS06"),
            row("一二级占持证", of(self.severe), 49.0, "%", "建模选择"),
        ]
    }
}

impl KeptCounts {
    fn person(&mut self, p: &Person, month: MonthNo) {
        let age = p.age(first_of(month));
        let add = |[all, some]: &mut [u64; 2], is_some: bool| {
            *all += 1;
            *some += u64::from(is_some);
        };
        if p.job_in(month).is_none() && p.pension.is_none_or(|x| !x.employee) {
            add(&mut self.residents, p.kept.insured.is_some());
        }
        if (16..60).contains(&age) {
            add(&mut self.working_age, p.kept.labour.is_some());
        }
        if age >= 60 {
            add(&mut self.old, p.kept.care.is_some());
        }
    }

    fn household(&mut self, h: &Household, members: u64, month: MonthNo) {
        let end = last_of(month);
        let open = |from: DayNo, to: Option<DayNo>| from <= end && to.is_none_or(|to| to > end);
        if h.watch.is_some_and(|w| open(w.since, w.cleared)) {
            self.watched += members;
        }
        if h.urban {
            let housed = h.housed.filter(|a| a.form.is_some());
            self.urban_homes[0] += 1;
            self.urban_homes[1] += u64::from(housed.is_some_and(|a| open(a.from, a.to)));
        }
        let year = first_of(month - 11)..=end;
        let mut grants: Vec<u32> = h
            .relief
            .iter()
            .filter(|r| year.contains(&r.day))
            .map(|r| r.grant)
            .collect();
        grants.dedup();
        self.relief += u64::try_from(grants.len()).unwrap_or(0);
    }
}

impl Zone {
    fn dibao(&mut self, p: &Person, month: MonthNo) {
        let age = p.age(first_of(month));
        self.dibao += 1;
        self.dibao_female += u64::from(p.sex == Sex::Female);
        self.dibao_old += u64::from(age >= 60);
        self.dibao_minor += u64::from(age < 18);
        self.dibao_disabled += u64::from(p.card.is_some_and(|c| c.valid));
        let paid = p
            .grants
            .iter()
            .find(|g| g.aid == Aid::Dibao)
            .map_or(0, |g| g.monthly_fen);
        self.dibao_paid_fen += paid;
    }

    fn dibao_size(&self) -> f64 {
        count(self.dibao) / count(self.dibao_households.max(1))
    }

    fn mean_income(&self) -> f64 {
        crate::dice::yuan(self.income_fen) / count(self.persons.max(1))
    }

    fn paid_share(&self, urban: bool) -> f64 {
        let mean = crate::dice::yuan(self.dibao_paid_fen) / count(self.dibao.max(1));
        mean / (past_line_year(urban) / 12.0) * 100.0
    }
}

fn mean_bill(fen: i64, stays: u64) -> f64 {
    crate::dice::yuan(fen) / count(stays.max(1))
}

/// Percent.
fn share(part: u64, whole: u64) -> f64 {
    count(part) / count(whole.max(1)) * 100.0
}

/// A share in percent beside the published one.
fn percent(
    figure: &'static str,
    part: u64,
    whole: u64,
    published: f64,
    source: &'static str,
) -> Comparison {
    row(figure, share(part, whole), published, "%", source)
}

fn row(
    figure: &'static str,
    generated: f64,
    published: f64,
    unit: &'static str,
    source: &'static str,
) -> Comparison {
    Comparison {
        figure,
        generated,
        published,
        unit,
        source,
    }
}

/// The page truth/comparison.md.
pub(crate) fn page(summary: &Summary) -> String {
    let mut out = String::from("# 合成数据与公布数据对照\n\n");
    let _ = writeln!(
        out,
        "{}人,{}户。数据全部虚构,证件号码以99开头。出处章节见 domain/figures.md。\n",
        summary.persons, summary.households
    );
    out.push_str("| 指标 | 合成 | 公布 | 单位 | 出处 |\n|---|---:|---:|---|---|\n");
    for c in &summary.comparison {
        let _ = writeln!(
            out,
            "| {} | {:.2} | {:.2} | {} | {} |",
            c.figure, c.generated, c.published, c.unit, c.source
        );
    }
    out.push_str(include_str!("../assets/choices.md"));
    out.push_str("\n## 埋设的情形\n\n| 情形 | 人数 |\n|---|---:|\n");
    for (name, n) in &summary.situations {
        let _ = writeln!(out, "| {name} | {n} |");
    }
    if !summary.faults.is_empty() {
        out.push_str("\n## 埋设的数据差错\n\n逐条见 faults.csv。\n\n| 差错 | 处数 |\n|---|---:|\n");
        for (name, n) in &summary.faults {
            let _ = writeln!(out, "| {name} | {n} |");
        }
    }
    out
}
