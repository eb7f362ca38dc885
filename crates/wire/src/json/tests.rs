//! What the JSON reader takes and what it refuses.

use super::*;

fn decoded(coded: &str) -> String {
    let mut out = String::new();
    decode(coded, &mut out);
    out
}

#[test]
fn values_are_given_as_written() {
    let line = r#" { "a" : 1.50e3 , "b":"x","c":null,"d":["one"],"e":["o","t"],"f":{"g":[{}]},"h":true,"i":[] , "j":"q\"" } "#;
    let mut seen = Vec::new();
    let mut cursor = Cursor::new(line);
    cursor
        .object(|key, value| {
            seen.push((key, value.value()?));
            Ok(())
        })
        .unwrap();
    cursor.end().unwrap();
    assert_eq!(
        seen,
        [
            ("a", Scalar::Plain("1.50e3")),
            ("b", Scalar::Plain("x")),
            ("c", Scalar::Absent),
            ("d", Scalar::Plain("one")),
            ("e", Scalar::Coded(r#"["o","t"]"#)),
            ("f", Scalar::Absent),
            ("h", Scalar::Plain("true")),
            ("i", Scalar::Absent),
            ("j", Scalar::Coded(r#""q\"""#)),
        ]
    );
}

#[test]
fn damage_is_told() {
    let read = |text: &str| {
        let mut cursor = Cursor::new(text);
        cursor.object(|_, value| value.skip())?;
        cursor.end()
    };
    for bad in [
        "",
        "{",
        "[]",
        "null",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{"a":1"#,
        r#"{"a":"x}"#,
        r#"{"a":[}]}"#,
        "{}x",
    ] {
        assert_eq!(read(bad), Err(Fault::Malformed), "{bad}");
    }
    for deep in ["[".repeat(100_000), r#"{"a":"#.repeat(100_000), format!("{{\"a\":{}", "[".repeat(200))] {
        let line = format!("{{\"a\":{deep}");
        assert_eq!(read(&line), Err(Fault::TooDeep));
    }
    let fine = format!("{{\"a\":{}{}}}", "[".repeat(126), "]".repeat(126));
    assert_eq!(read(&fine), Ok(()));
}

#[test]
fn strings_and_lists_are_decoded() {
    assert_eq!(decoded(r#""a\/b\n\u00e9\ud83d\ude42""#), "a/b\né🙂");
    assert_eq!(decoded(r#""\ud83d \udc00 \q \u12""#), "\u{fffd} \u{fffd} \u{fffd} \u{fffd}12");
    assert_eq!(decoded(r#"["a","b\t",1,null,["x"]]"#), "a,b\t,1,x");
    assert_eq!(decoded(r#""\ud83d\u0041""#), "\u{fffd}A");
}
