//! As much of JSON Schema 2020-12 as `docs/finding.schema.json` uses. A keyword that this does not know is an
//! error, so the schema cannot outgrow the check unseen.

use serde_json::Value;

/// What is wrong with `value` by `schema`; `root` resolves references.
pub(crate) fn errors(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (keyword, rule) in schema.as_object().unwrap() {
        let holds = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "format" => true,
            "$ref" => {
                let target = root.pointer(rule.as_str().unwrap().trim_start_matches('#')).unwrap();
                found.extend(errors(root, target, value, at));
                true
            }
            "type" => rule
                .as_array()
                .map_or_else(|| is_type(rule, value), |types| types.iter().any(|one| is_type(one, value))),
            "const" => rule == value,
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
            "pattern" => value.as_str().is_none_or(|text| matches_pattern(rule.as_str().unwrap(), text)),
            "not" => !errors(root, rule, value, at).is_empty(),
            "required" => {
                let missing =
                    rule.as_array().unwrap().iter().find(|key| value.get(key.as_str().unwrap()).is_none());
                found.extend(missing.map(|key| format!("{at}: {key} is required")));
                true
            }
            "properties" => {
                for (key, rule) in rule.as_object().unwrap() {
                    let member = value.get(key);
                    found.extend(
                        member
                            .into_iter()
                            .flat_map(|member| errors(root, rule, member, &format!("{at}.{key}"))),
                    );
                }
                true
            }
            "additionalProperties" => {
                assert_eq!(rule, false);
                let known = &schema["properties"];
                value.as_object().is_none_or(|members| members.keys().all(|key| known.get(key).is_some()))
            }
            "items" => {
                let items = value.as_array().into_iter().flatten();
                found.extend(items.flat_map(|item| errors(root, rule, item, &format!("{at}[]"))));
                true
            }
            unknown => panic!("the check does not know `{unknown}`"),
        };
        if !holds {
            found.push(format!("{at}: {value} breaks `{keyword}`"));
        }
    }
    found
}

fn is_type(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        unknown => panic!("no type `{unknown}`"),
    }
}

/// The three patterns of the schema, by hand.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    match pattern {
        "^[0-9a-f]{8,64}$" => {
            (8..=64).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        }
        "^[0-9a-f:.]+$" => {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase() || b":.".contains(&b))
        }
        "^[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z$" => {
            let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
            shape.trim_start_matches('0') == "-00-00T00:00:00.000000Z" && shape.starts_with("0000")
        }
        unknown => panic!("the check does not know the pattern `{unknown}`"),
    }
}
