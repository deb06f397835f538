//! What somebody probably meant who wrote a name that does not exist.

/// The farthest that two names may be apart.
const FAR: usize = 2;

/// The name nearest to what was written, if one is near. Case does not count.
pub fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let written: Vec<char> = written.to_lowercase().chars().collect();
    names
        .filter_map(|name| {
            let other: Vec<char> = name.to_lowercase().chars().collect();
            let near = distance(&written, &other)?;
            // Two changes turn any name of two letters into any other.
            (near < written.len().min(other.len())).then_some((near, name))
        })
        .min_by_key(|(near, _)| *near)
        .map(|(_, name)| name)
}

/// Letters to insert, remove or replace until one name is the other; `None` if that is too many.
fn distance(a: &[char], b: &[char]) -> Option<usize> {
    if a.len().abs_diff(b.len()) > FAR {
        return None;
    }
    // The usual table, of which only the row above is needed.
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let replaced = above[j] + usize::from(from != to);
            row.push(replaced.min(above[j + 1] + 1).min(row[j] + 1));
        }
        above = row;
    }
    above.last().copied().filter(|distance| *distance <= FAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_near_name_is_offered() {
        let of = |written: &str| nearest(written, ["coder", "tests", "me"].into_iter());
        for (written, meant) in [
            ("codr", "coder"),
            ("Coders", "coder"),
            ("CODER", "coder"),
            ("test", "tests"),
        ] {
            assert_eq!(of(written), Some(meant), "{written}");
        }
        for far in [
            "",
            "x",
            "xy",
            "deploy",
            "ü",
            "coderella",
            &"x".repeat(1_000_000),
        ] {
            assert_eq!(of(far), None, "{}", far.len());
        }
        assert_eq!(
            nearest("tets", ["text", "test", "tests"].into_iter()),
            Some("tests")
        );
        assert_eq!(nearest("x", std::iter::empty()), None);
    }
}
