use domain::{Fen, MoneyNote};

fn check(cell: &str, expected: &str) {
    let read = Fen::parse(cell).map_or_else(|error| error.to_string(), Fen::to_plain);
    assert_eq!(read, expected, "the cell `{cell}`");
}

#[test]
fn an_amount_is_read_as_offices_write_it() {
    check("1,234.50", "1234.50");
    check("1234.5", "1234.50");
    check("￥1,234", "1234.00");
    check("¥1,234", "1234.00");
    check("1234元", "1234.00");
    check("１２３４", "1234.00");
    check("1，234", "1234.00");
    check(" 0 ", "0.00");
    check("0.01", "0.01");
    check("-12.30", "-12.30");
    check("92233720368547758.07", "92233720368547758.07");
}

#[test]
fn an_amount_is_never_guessed() {
    check("", "金额为空,按未知处理,不等于零");
    for cell in ["壹仟贰佰元整", "三百元"] {
        check(cell, "金额不能用大写汉字,请写成 1234.50");
    }
    for cell in [
        "1.234,56", "12,34", "12 34", "1,23,456", "1234,567", "1.2.3",
    ] {
        check(cell, "千分位或小数点位置不对,请写成 1234.50");
    }
    for cell in ["1e3", "1E3", "1.5E+3", "0x10", "NaN", "inf", "+Infinity"] {
        check(cell, "金额不能用科学计数法或其他进制,请写成 1234.50");
    }
    for cell in ["12.345", "0.005", "12.340"] {
        check(cell, "金额最多两位小数");
    }
    for cell in [
        "999999999999999999.99",
        "92233720368547758.08",
        "99999999999999999999999",
    ] {
        check(cell, "金额超出可以计算的范围");
    }
    for cell in ["HKD 100", "100美元", "$5"] {
        check(cell, "只接受人民币金额");
    }
    check("1.2万元", "金额单位应为元,请换算后填写");
    for cell in ["不详", "-", "元", "--5", "12.", "."] {
        check(cell, "不是金额,请写成 1234.50");
    }
}

#[test]
fn a_negative_zero_is_zero_with_a_note() {
    for cell in ["−0.00", "-0"] {
        let (fen, notes) = Fen::parse_with_notes(cell).unwrap_or((Fen::new(1), Vec::new()));
        assert_eq!(fen, Fen::ZERO);
        assert!(notes.contains(&MoneyNote::NegativeZero), "{cell}");
    }
}

#[test]
fn sums_are_exact_and_refuse_what_they_cannot_count() {
    let fifty_thousand = Fen::total((0..50_000).map(|_| Fen::new(44_905)));
    assert_eq!(fifty_thousand, Some(Fen::new(2_245_250_000)));
    let most = Fen::new(i64::MAX);
    assert_eq!(most.checked_add(Fen::new(1)), None);
    assert_eq!(Fen::new(i64::MIN).checked_sub(Fen::new(1)), None);
    assert_eq!(Fen::new(i64::MIN).checked_neg(), None);
    assert_eq!(most.checked_mul_int(2), None);
    assert_eq!(Fen::from_yuan(i64::MAX), None);
    assert_eq!(Fen::total([most, Fen::new(1), Fen::new(-1)]), None);
}

#[test]
fn an_amount_is_shown_with_separators() {
    let check = |fen: i64, shown: &str| assert_eq!(Fen::new(fen).to_string(), shown);
    check(0, "0.00");
    check(5, "0.05");
    check(123_450, "1,234.50");
    check(-100_000_000, "-1,000,000.00");
    check(i64::MIN, "-92,233,720,368,547,758.08");
}
