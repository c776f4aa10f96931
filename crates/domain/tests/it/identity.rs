use domain::{
    BankCard, DisabilityCard, IdKind, IdNumber, Sex, UnifiedSocialCreditCode, card_check_digit,
    credit_check_character, id_check_digit,
};

use crate::{day, shared, today};

/// What a clerk is told: the masked number with birth, sex and notes, or what is wrong.
fn read(cell: &str) -> String {
    let parsed = match IdNumber::parse(cell, today()) {
        Ok(parsed) => parsed,
        Err(error) => return error.to_string(),
    };
    let number = parsed.number;
    let notes: Vec<&str> = parsed.notes.iter().map(|note| note.message()).collect();
    format!(
        "{} {} {} {}",
        number.masked(),
        number.birth(),
        number.sex().name(),
        notes.join(" ")
    )
    .trim_end()
    .to_owned()
}

fn check(cell: &str, expected: &str) {
    assert_eq!(read(cell), expected, "the cell `{cell}`");
}

#[test]
fn the_check_digit_is_the_standards() {
    assert_eq!(id_check_digit("11010519491231002"), Some('X'));
    assert_eq!(id_check_digit("99010119800229001"), Some('1'));
    assert_eq!(id_check_digit("99010119800229002"), Some('X'));
    assert_eq!(id_check_digit("9901011980022900"), None);
    assert_eq!(id_check_digit("9901011980022900A"), None);
}

#[test]
fn a_number_is_read_and_every_tidying_is_said() {
    check("11010519491231002X", "110105********002X 1949-12-31 女");
    check(
        "11010519491231002x",
        "110105********002X 1949-12-31 女 末位小写x已改为大写X",
    );
    for cell in [
        "110105 19491231 002X",
        "\u{FEFF}11010519491231002X",
        "11010519491231002X\u{3000}\t\n",
    ] {
        check(
            cell,
            "110105********002X 1949-12-31 女 已去除空格或不可见字符",
        );
    }
    // A full-width digit is folded where the check digit proves the number; so is a cell's apostrophe.
    for cell in ["1101051949１231002X", "'11010519491231002X"] {
        check(
            cell,
            "110105********002X 1949-12-31 女 已去除空格或不可见字符",
        );
    }
    for invisible in ["\u{00A0}", "\u{200B}", "\u{202A}", "\u{202E}"] {
        let cell = format!("{invisible}110105{invisible}19491231002X");
        check(
            &cell,
            "110105********002X 1949-12-31 女 已去除空格或不可见字符",
        );
    }
    check(
        "130503670401001",
        "130503********0016 1967-04-01 男 由15位旧号推算,需核对后方可作为发放依据",
    );
}

#[test]
fn a_number_of_the_wrong_length_says_how_long_it_is() {
    check("1101051949123100", "身份证号应为18位,实为16位");
    check("11010519491231002", "身份证号应为18位,实为17位");
    check("1101051949123100211", "身份证号应为18位,实为19位");
}

#[test]
fn a_damaged_number_is_refused_and_never_repaired() {
    check("110105194912310021", "身份证号校验位不符,请与证件核对");
    let lost = "长数字被表格软件改成科学计数法,后几位已丢失,请按文本格式重新导出";
    check("1.10105E+17", lost);
    check("110105194912310000", lost);
    check("110105********002X", "已脱敏号码不能比对,请提供完整号码");
    check("99010171081523３", "身份证号含全角数字,请改为半角");
    check("11010519491231\u{7}002X", "身份证号含不允许的字符,请核对");
    check("E12345678", "缺少证件类型,请填写证件类型后重新导入");
    check("军字第1234567号", "缺少证件类型,请填写证件类型后重新导入");
    check(
        "130503670401998",
        "15位旧号属于百岁以上老人,世纪无法确定,请提供18位号码",
    );
}

#[test]
fn a_birth_that_cannot_be_is_refused() {
    let with_check = |first17: &str| format!("{first17}{}", id_check_digit(first17).unwrap_or('?'));
    check(
        &with_check("11010519490231001"),
        "身份证号中的出生日期不存在",
    );
    check(
        &with_check("11010520261301001"),
        "身份证号中的出生日期不存在",
    );
    check(
        &with_check("11010520261201001"),
        "身份证号中的出生日期在今天之后",
    );
    check(
        &with_check("11010518941231001"),
        "身份证号中的出生日期距今超过130年",
    );
    assert!(read(&with_check("11010519001231001")).ends_with("年龄超过120岁,请核实"));
    check(
        &with_check("01010519491231001"),
        "身份证号前六位不是任何时期的行政区划代码",
    );
}

#[test]
fn a_filler_is_no_number() {
    let fillers = [
        "",
        " ",
        "无",
        "不详",
        "/",
        "-",
        "0",
        "000000000000000000",
        "123456789012345678",
        "111111111111111111",
    ];
    for cell in fillers {
        check(cell, "暂无身份证号,按缺失处理");
    }
}

#[test]
fn residence_numbers_are_told_apart() {
    let kind = |cell| IdNumber::parse(cell, today()).map(|parsed| parsed.number.kind());
    assert_eq!(kind("810000199408230021"), Ok(IdKind::HongKongMacao));
    assert_eq!(kind("11010519491231002X"), Ok(IdKind::Citizen));
    let foreigner = "91112419810803002";
    let foreigner = format!("{foreigner}{}", id_check_digit(foreigner).unwrap_or('?'));
    assert_eq!(kind(&foreigner), Ok(IdKind::Foreigner));
}

#[test]
fn identity_is_never_printed() {
    let number = IdNumber::parse("11010519491231002X", today())
        .map(|parsed| format!("{parsed:?} {}", parsed.number));
    assert!(number.is_ok_and(|text| !text.contains("19491231")));
    let card =
        BankCard::parse("6299000000000000010").map(|parsed| format!("{parsed:?} {}", parsed.card));
    assert!(card.is_ok_and(|text| !text.contains("00000000")));
    let card =
        DisabilityCard::parse("11010519491231002X32", today()).map(|p| format!("{p:?} {}", p.card));
    assert!(card.is_ok_and(|text| !text.contains("19491231")));
}

#[test]
fn the_shared_identity_numbers_are_judged_as_their_table_says() {
    let Some(table) = shared::table("ids/id_number_cases.csv") else {
        return;
    };
    for [cell, valid, birth, sex, reason] in shared::rows(&table) {
        let parsed = IdNumber::parse(cell, today());
        assert_eq!(
            parsed.is_ok(),
            valid == "1",
            "`{cell}` {reason}: {}",
            read(cell)
        );
        if let Ok(parsed) = parsed {
            assert_eq!(parsed.number.birth(), day(birth), "{cell}");
            assert_eq!(Some(parsed.number.sex()), Sex::parse(sex), "{cell}");
        }
    }
}

#[test]
fn a_disability_card_holds_a_number_a_category_and_a_grade() {
    let read = |cell| {
        DisabilityCard::parse(cell, today()).map_or_else(
            |error| error.to_string(),
            |p| {
                format!(
                    "{} {} {}",
                    p.card.masked(),
                    p.card.category().name(),
                    p.card.grade().name()
                )
            },
        )
    };
    let check = |cell, expected: &str| assert_eq!(read(cell), expected, "the cell `{cell}`");
    check("11010519491231002X11", "110105********002X11 视力 一级");
    check("11010519491231002x22", "110105********002X22 听力 二级");
    check("11010519491231002X74B1", "110105********002X74B1 多重 四级");
    check("11010519491231002X81", "残疾人证号第19位应为残疾类别1至7");
    check("11010519491231002X15", "残疾人证号第20位应为残疾等级1至4");
    check("11010519491231002X1", "残疾人证号应为20位,实为19位");
    check(
        "11010519491231002011",
        "残疾人证号中的身份证号有误:身份证号校验位不符,请与证件核对",
    );
    check("", "残疾人证号为空");
}

#[test]
fn a_credit_code_checks_and_says_which_character_is_foreign() {
    assert_eq!(credit_check_character("91350100M000100Y4"), Some('3'));
    let read = |cell| {
        UnifiedSocialCreditCode::parse(cell).map_or_else(|e| e.to_string(), |code| code.to_string())
    };
    assert_eq!(read("91350100m000100y43"), "91350100M000100Y43");
    assert_eq!(
        read("91350100M000100Y44"),
        "统一社会信用代码校验位不符,请与证照核对"
    );
    assert_eq!(
        read("9135O100M000100Y43"),
        "统一社会信用代码不使用字符`O`,请核对"
    );
    let Some(table) = shared::table("ids/uscc_cases.csv") else {
        return;
    };
    for [cell, valid, kind] in shared::rows(&table) {
        assert_eq!(
            UnifiedSocialCreditCode::parse(cell).is_ok(),
            valid == "1",
            "`{cell}` {kind}"
        );
    }
}

#[test]
fn a_card_that_fails_its_check_is_doubtful_and_a_damaged_one_is_refused() {
    assert_eq!(card_check_digit("622202000000000001"), Some('8'));
    let read = |cell| {
        BankCard::parse(cell).map_or_else(
            |error| error.to_string(),
            |p| {
                p.notes
                    .iter()
                    .map(|note| note.message())
                    .collect::<Vec<_>>()
                    .join(" ")
            },
        )
    };
    let check = |cell, expected: &str| assert_eq!(read(cell), expected, "the cell `{cell}`");
    check("6299000000000000010", "");
    check("6299 0000 0000 0000-010", "已去除空格或短横");
    check("6299000000000000011", "银行卡号校验位不符,发放前请核对");
    check(
        "6.299E+18",
        "长数字被表格软件改成科学计数法,后几位已丢失,请按文本格式重新导出",
    );
    check("62990000000000", "银行卡号应为15至21位,实为14位");
    let Some(table) = shared::table("ids/bank_card_cases.csv") else {
        return;
    };
    for [cell, valid, note] in shared::rows(&table) {
        let sound = BankCard::parse(cell).is_ok_and(|parsed| parsed.card.check_digit_fits());
        // The row about blanks carries none any more, and a wrong digit: its check decides.
        assert_eq!(sound, valid == "1", "`{cell}` {note}");
    }
}
