//! docs/rule-language.md is checked like a rulebook: what it shows works.

use rules::{Rulebook, Severity, SourceText};
use std::path::Path;

/// What the guide's examples need beside the rulebook.
const FACTS: &str = "
```规则
事实 集中供暖 : 是否 , 家庭 , 来源 申请 , 一般 , 保留 36 月
事实 领取取暖补助 : 是否 , 家庭 , 来源 申请 , 一般 , 保留 36 月
事实 寄宿 : 是否 , 个人 , 来源 申请 , 一般 , 保留 36 月
事实 本人用热 : 是否 , 个人 , 来文 heating_users , 一般 , 保留 24 月
```
";
const LAW: &str = "| heat | 示例取暖办法 | 示例 | 2026-01-01 |  | 第二条、第三条 | 示例 |\n\
                   | meal | 示例餐补办法 | 示例 | 2026-01-01 |  | 第四条 | 示例 |\n";
const NUMBERS: &str = "\
heating,取暖线,990101,城乡=其余,2026-01-01,,900,元/人月,示例取暖办法 第二条,示例值
heating,每户补助,990101,,2026-01-01,,120,元/月,示例取暖办法 第三条,示例值
heating,每人补助,990101,,2026-01-01,,40,元/人月,示例取暖办法 第三条,示例值
heating,每户封顶,990101,,2026-01-01,,300,元/月,示例取暖办法 第三条,示例值
school_meals,餐补,990101,学段=其余,2026-01-01,,0,元/人月,示例餐补办法 第四条,示例值
";

/// The blocks between fences of the guide, by the fence that opens them.
fn blocks<'a>(guide: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    guide
        .split(open)
        .skip(1)
        .filter_map(|rest| rest.split(close).next())
        .collect()
}

fn guide_book() -> Rulebook {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let guide = std::fs::read_to_string(root.join("docs/rule-language.md")).unwrap();
    let mut texts: Vec<SourceText> = office::rulebook::read(None)
        .unwrap()
        .texts()
        .iter()
        .map(|(path, text)| SourceText {
            path: path.clone(),
            text: text.clone(),
        })
        .collect();
    for text in &mut texts {
        match text.path.as_str() {
            "facts.md" => text.text.push_str(FACTS),
            "law.md" => text.text.push_str(LAW),
            "localities/demo/parameters.csv" => text.text.push_str(NUMBERS),
            "localities/demo/locality.md" => {
                text.text =
                    text.text
                        .replacen("采用 ", "采用 heating, school_meals, no_heating, ", 1);
            }
            _ => {}
        }
    }
    let whole = blocks(&guide, "````markdown\n", "````");
    texts.push(SourceText {
        path: "policies/heating.md".to_owned(),
        text: whole[0].to_owned(),
    });
    let parts = blocks(&guide, "```text\n", "```");
    for (folder, part) in ["policies", "warnings", "feeds"].into_iter().zip(parts) {
        let text = format!("# 例\n\n要旨:例。\n\n```规则\n{part}```\n");
        texts.push(SourceText {
            path: format!("{folder}/guide.md"),
            text,
        });
    }
    Rulebook::read(texts)
}

#[test]
fn what_the_guide_shows_passes_the_checker_and_its_cases() {
    let book = guide_book();
    let wrong = book
        .check()
        .into_iter()
        .filter(|p| p.severity == Severity::Error);
    let said: Vec<String> = wrong
        .map(|p| p.show(book.texts().get(&p.path).map_or("", String::as_str)))
        .collect();
    assert_eq!(said, Vec::<String>::new());
    let cases: Vec<_> = rules::cases::run_all(&book, "demo")
        .into_iter()
        .filter(|c| c.path == "policies/heating.md")
        .collect();
    assert_eq!(cases.len(), 3);
    for case in cases {
        assert!(
            case.passed(),
            "{}: {:?}\n{}",
            case.name,
            case.failures,
            case.explanation
        );
    }
}
