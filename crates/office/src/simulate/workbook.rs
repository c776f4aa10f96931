//! 试算表: the whole report as a workbook. Amounts are numbers in 元, everything else is text; people
//! are numbers of files, never names.

use super::report::{CapReport, DoorRow, GroupRow, Report, ScenarioReport};
use super::{Cliffs, DoorId};
use crate::error::{OfficeError, Result};
use domain::Fen;
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

/// A cell.
enum Cell {
    Text(String),
    Count(u64),
    Money(i64),
    Blank,
}

use Cell::{Blank, Count, Money, Text};

fn text(of: impl Into<String>) -> Cell {
    Text(of.into())
}

/// The report as the bytes of an .xlsx file.
///
/// # Errors
/// A sheet that cannot be written.
pub fn workbook(report: &Report) -> Result<Vec<u8>> {
    write(report).map_err(|e| OfficeError::Other(format!("试算表写不出来:{e}")))
}

fn write(report: &Report) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let mut pen = Pen {
        head: Format::new().set_bold(),
        money: Format::new().set_num_format("#,##0.00"),
        count: Format::new().set_num_format("#,##0"),
    };
    pen.sheet(&mut book, "说明", &["项目", "内容"], about(report))?;
    pen.sheet(
        &mut book,
        "方案比较",
        &compared_head(report),
        compared(report),
    )?;
    if !report.months.is_empty() {
        let head = [
            "月份",
            "方案",
            "户数",
            "得到更多",
            "失去或减少",
            "资金",
            "现行",
            "试算",
            "变化",
            "说明",
        ];
        pen.sheet(&mut book, "逐月", &head, by_month(report))?;
    }
    for (at, scenario) in (1_u32..).zip(&report.scenarios) {
        pen.scenario(&mut book, at, scenario)?;
    }
    book.save_to_buffer()
}

struct Pen {
    head: Format,
    money: Format,
    count: Format,
}

impl Pen {
    fn sheet<S: AsRef<str>>(
        &mut self,
        book: &mut Workbook,
        name: &str,
        head: &[S],
        rows: Vec<Vec<Cell>>,
    ) -> Result<(), XlsxError> {
        let sheet = book.add_worksheet();
        sheet.set_name(name)?;
        sheet.set_freeze_panes(1, 0)?;
        for (column, title) in (0_u16..).zip(head) {
            let wide = matches!(
                title.as_ref(),
                "内容" | "地点" | "原因" | "项目" | "哪些项目"
            );
            sheet.set_column_width(column, if wide { 36.0 } else { 14.0 })?;
        }
        for (column, title) in (0_u16..).zip(head) {
            sheet.write_string_with_format(0, column, title.as_ref(), &self.head)?;
        }
        for (at, row) in (1_u32..).zip(rows) {
            for (column, cell) in (0_u16..).zip(row) {
                self.cell(sheet, at, column, &cell)?;
            }
        }
        Ok(())
    }

    fn cell(
        &self,
        sheet: &mut Worksheet,
        row: u32,
        column: u16,
        cell: &Cell,
    ) -> Result<(), XlsxError> {
        match cell {
            Text(text) => {
                sheet.write_string(row, column, text)?;
            }
            Count(n) => match u32::try_from(*n) {
                Ok(n) => {
                    sheet.write_number_with_format(row, column, n, &self.count)?;
                }
                Err(_) => {
                    sheet.write_string(row, column, n.to_string())?;
                }
            },
            Money(fen) => {
                let yuan = Fen::new(*fen).to_plain();
                // What a spreadsheet's number cannot hold to the 分 stays text.
                match yuan.parse::<f64>() {
                    Ok(number) if yuan.len() <= 15 => {
                        sheet.write_number_with_format(row, column, number, &self.money)?;
                    }
                    _ => {
                        sheet.write_string(row, column, &yuan)?;
                    }
                }
            }
            Blank => {}
        }
        Ok(())
    }

    fn scenario(
        &mut self,
        book: &mut Workbook,
        at: u32,
        one: &ScenarioReport,
    ) -> Result<(), XlsxError> {
        let name = |what: &str| format!("{at}.{what}");
        self.sheet(
            book,
            &name("项目"),
            &[
                "救助项目",
                "单位",
                "符合(现行)",
                "符合(试算)",
                "待查(试算)",
                "新进入",
                "退出",
                "退出中在册的",
                "增加",
                "减少",
                "不并给涉及",
                "金额未知",
                "每月支出(现行)",
                "每月支出(试算)",
                "变化",
            ],
            programmes(one),
        )?;
        self.sheet(
            book,
            &name("分地区和类型"),
            &[
                "分法",
                "类",
                "有救助的户",
                "得到更多",
                "失去或减少",
                "每月支出(现行)",
                "每月支出(试算)",
                "变化",
            ],
            grouped(one),
        )?;
        self.sheet(
            book,
            &name("变化明细"),
            &[
                "档案",
                "编号",
                "地点",
                "名册上有人",
                "现行",
                "试算",
                "变化",
                "原因",
            ],
            one.doors.iter().map(door).collect(),
        )?;
        if let Some(cap) = &one.cap {
            self.sheet(
                book,
                &name("预算外名单"),
                &["档案", "编号", "地点", "人均月收入", "应得", "先后"],
                excluded(cap),
            )?;
        }
        if let Some(cliffs) = &one.cliffs {
            self.cliffs(book, at, cliffs)?;
        }
        Ok(())
    }

    fn cliffs(&mut self, book: &mut Workbook, at: u32, of: &Cliffs) -> Result<(), XlsxError> {
        let rows = of.cliffs.iter().map(|c| {
            let parts: Vec<String> = c
                .parts
                .iter()
                .map(|(title, was, is)| {
                    format!("{title} {} → {}", super::yuan_of(*was), super::yuan_of(*is))
                })
                .collect();
            let [file, id] = file(c.door());
            vec![
                file,
                id,
                text(&c.place),
                c.per_head.map_or(Blank, Money),
                Money(c.from),
                Money(c.to),
                Money(c.lost),
                text(parts.join(";")),
            ]
        });
        self.sheet(
            book,
            &format!("{at}.悬崖"),
            &[
                "档案",
                "编号",
                "地点",
                "人均月收入",
                "多挣(之前)",
                "多挣(之后)",
                "到手少了",
                "哪些项目",
            ],
            rows.collect(),
        )?;
        let points = of.raises.iter().enumerate().map(|(place, raise)| {
            let help = |all: &[i64]| all.get(place).map_or(Blank, |fen| Money(*fen));
            let mut row = vec![Money(*raise), help(&of.now), help(&of.then)];
            for curve in &of.chosen {
                row.extend([help(&curve.now), help(&curve.then)]);
            }
            row
        });
        let mut head: Vec<String> = ["每户每月多挣", "全部救助(现行)", "全部救助(试算)"]
            .map(str::to_owned)
            .to_vec();
        for curve in &of.chosen {
            head.push(format!("家庭 {}(现行)", curve.household));
            head.push(format!("家庭 {}(试算)", curve.household));
        }
        self.sheet(book, &format!("{at}.收入轴"), &head, points.collect())
    }
}

fn about(report: &Report) -> Vec<Vec<Cell>> {
    let mut rows = vec![
        vec![text("地方"), text(&report.place)],
        vec![text("月份"), text(&report.month)],
        vec![text("试算时间"), text(&report.made)],
        vec![text("家庭"), Count(report.households)],
        vec![text("人"), Count(report.persons)],
        vec![text("贫困线"), text(&report.line)],
    ];
    rows.extend(report.notes.iter().map(|n| vec![text("说明"), text(n)]));
    for scenario in &report.scenarios {
        for change in &scenario.changes {
            let name = format!("方案 {}", scenario.name);
            rows.push(vec![text(name), text(change.words())]);
        }
    }
    rows
}

fn compared_head(report: &Report) -> Vec<String> {
    let names = report.scenarios.iter().map(|s| s.name.clone());
    std::iter::once("指标".to_owned()).chain(names).collect()
}

/// A measure of poverty or inequality, to four places.
fn measure(of: Option<f64>) -> Cell {
    text(of.map_or_else(|| "不适用".to_owned(), |n| format!("{n:.4}")))
}

/// The scenarios side by side.
fn compared(report: &Report) -> Vec<Vec<Cell>> {
    let row = |title: &str, of: &dyn Fn(&ScenarioReport) -> Cell| {
        let cells = report.scenarios.iter().map(of);
        std::iter::once(text(title)).chain(cells).collect()
    };
    let poor = |of: fn(&super::Poverty) -> Cell| {
        move |s: &ScenarioReport| s.poverty.as_ref().map_or(Blank, of)
    };
    vec![
        row("每月支出(现行)", &|s| Money(s.cost_before)),
        row("每月支出(试算)", &|s| Money(s.cost_after)),
        row("变化", &|s| {
            Money(s.cost_after.saturating_sub(s.cost_before))
        }),
        row("得到更多(户)", &|s| Count(s.counts.gain)),
        row("其中新得到", &|s| Count(s.counts.enter)),
        row("失去或减少(户)", &|s| Count(s.counts.lose)),
        row("其中不再得到", &|s| Count(s.counts.leave)),
        row("没有变化(户)", &|s| Count(s.counts.same)),
        row("有待查的(户)", &|s| Count(s.counts.unsettled_after)),
        row("贫困人数(没有救助)", &poor(|p| Count(p.without_help))),
        row("贫困人数(现行)", &poor(|p| Count(p.before))),
        row("贫困人数(试算)", &poor(|p| Count(p.after))),
        row("收入不清的人", &poor(|p| Count(p.unknown))),
        row("离贫困线合计差(现行)", &poor(|p| Money(p.gap_before))),
        row("离贫困线合计差(试算)", &poor(|p| Money(p.gap_after))),
        row(
            "基尼系数(没有救助)",
            &poor(|p| measure(p.spread_alone.gini)),
        ),
        row("基尼系数(现行)", &poor(|p| measure(p.spread_before.gini))),
        row("基尼系数(试算)", &poor(|p| measure(p.spread_after.gini))),
        row("贫困距指数(现行)", &poor(|p| measure(p.spread_before.gap))),
        row("贫困距指数(试算)", &poor(|p| measure(p.spread_after.gap))),
        row(
            "森指数 1976(现行)",
            &poor(|p| measure(p.spread_before.sen_1976)),
        ),
        row(
            "森指数 1976(试算)",
            &poor(|p| measure(p.spread_after.sen_1976)),
        ),
        row(
            "五等分收入比(现行)",
            &poor(|p| measure(p.spread_before.quintile_ratio)),
        ),
        row(
            "五等分收入比(试算)",
            &poor(|p| measure(p.spread_after.quintile_ratio)),
        ),
        row("悬崖(现行)", &|s| {
            s.cliffs.as_ref().map_or(Blank, |c| Count(c.cliffs_now))
        }),
        row("悬崖(试算)", &|s| {
            s.cliffs
                .as_ref()
                .map_or(Blank, |c| Count(super::summary::count(c.cliffs.len())))
        }),
        row("预算够到(户)", &|s| {
            s.cap.as_ref().map_or(Blank, |c| Count(c.covered))
        }),
        row("预算外(户)", &|s| {
            s.cap
                .as_ref()
                .map_or(Blank, |c| Count(super::summary::count(c.excluded.len())))
        }),
    ]
}

/// The months: all money of a scenario first, then fund by fund.
fn by_month(report: &Report) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    for month in &report.months {
        if !month.why.is_empty() {
            let mut row = vec![text(&month.month)];
            row.extend((0..8).map(|_| Blank));
            row.push(text(&month.why));
            rows.push(row);
        }
        for one in &month.scenarios {
            let paid = |fund: &str, (before, after): (i64, i64)| {
                vec![
                    text(fund),
                    Money(before),
                    Money(after),
                    Money(after.saturating_sub(before)),
                ]
            };
            let mut all = vec![
                text(&month.month),
                text(&one.name),
                Count(month.households),
                Count(one.counts.gain),
                Count(one.counts.lose),
            ];
            all.extend(paid("全部", (one.before, one.after)));
            rows.push(all);
            for fund in &one.funds {
                let mut row = vec![text(&month.month), text(&one.name), Blank, Blank, Blank];
                row.extend(paid(&fund.name, (fund.before, fund.after)));
                rows.push(row);
            }
        }
    }
    rows
}

fn programmes(one: &ScenarioReport) -> Vec<Vec<Cell>> {
    let money = |p: &super::ProgrammeRow, fen: i64| if p.monthly { Money(fen) } else { Blank };
    let rows = one.programmes.iter().map(|p| {
        vec![
            text(&p.title),
            text(&p.unit),
            Count(p.entitled_before),
            Count(p.entitled_after),
            Count(p.pending_after),
            Count(p.enter),
            Count(p.leave),
            Count(p.leave_on_roll),
            Count(p.gain),
            Count(p.lose),
            Count(p.cut),
            Count(p.unknown),
            money(p, p.cost_before),
            money(p, p.cost_after),
            money(p, p.cost_after.saturating_sub(p.cost_before)),
        ]
    });
    rows.collect()
}

fn grouped(one: &ScenarioReport) -> Vec<Vec<Cell>> {
    let row = |title: &str, row: &GroupRow| {
        vec![
            text(title),
            text(&row.name),
            Count(row.doors),
            Count(row.gain),
            Count(row.lose),
            Money(row.before),
            Money(row.after),
            Money(row.after.saturating_sub(row.before)),
        ]
    };
    let mut rows: Vec<Vec<Cell>> = one.areas.iter().map(|r| row("乡镇", r)).collect();
    for group in &one.groups {
        rows.extend(group.rows.iter().map(|r| row(&group.title, r)));
    }
    rows.extend(one.funds.iter().map(|r| row("资金", r)));
    rows
}

fn file(door: DoorId) -> [Cell; 2] {
    match door {
        DoorId::Household(id) => [text("家庭"), text(id.to_string())],
        DoorId::Person(id) => [text("个人"), text(id.to_string())],
    }
}

fn door(row: &DoorRow) -> Vec<Cell> {
    let [file, id] = file(row.door);
    vec![
        file,
        id,
        text(&row.place),
        text(if row.on_roll { "是" } else { "" }),
        Money(row.before),
        Money(row.after),
        Money(row.after.saturating_sub(row.before)),
        text(row.reasons.join("\n")),
    ]
}

fn excluded(cap: &CapReport) -> Vec<Vec<Cell>> {
    let rows = (1_u64..).zip(&cap.excluded).map(|(at, row)| {
        let [file, id] = file(row.door);
        vec![
            file,
            id,
            text(&row.place),
            row.per_head.map_or(Blank, Money),
            Money(row.amount),
            Count(cap.covered.saturating_add(at)),
        ]
    });
    rows.collect()
}
