//! Templates of strangers who mean harm, and why each ends.

/// What the error says, and the template.
pub(crate) fn all() -> Vec<(&'static str, String)> {
    let steps = "it takes too many steps";
    let built = "it builds more than 64 MiB of text";
    let looked = "it looks through more than 256 MiB of text";
    let doubling = "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(99) %}";
    // 8 MiB, which are then looked through over and over.
    let large = "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(20) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}\
        {% for i in range(99999) %}";
    let over_and_over = |what: &str| format!("{large}{what}{{% endfor %}}");
    vec![
        (
            built,
            format!("{doubling}{{% set ns.x = ns.x ~ ns.x %}}{{% endfor %}}{{{{ ns.x }}}}"),
        ),
        (
            built,
            format!("{doubling}{{% set ns.x = ns.x + ns.x %}}{{% endfor %}}"),
        ),
        (
            built,
            format!("{doubling}{{% set ns.x = [ns.x, ns.x] | join %}}{{% endfor %}}"),
        ),
        (
            built,
            format!("{doubling}{{% set ns.x = ns.x.replace('a', 'aaaa') %}}{{% endfor %}}"),
        ),
        (
            built,
            format!(
                "{doubling}{{% set x %}}{{{{ ns.x }}}}{{{{ ns.x }}}}{{% endset %}}{{% set ns.x = x %}}{{% endfor %}}"
            ),
        ),
        (
            built,
            "{% macro f(x) %}{{ x }}{{ x }}{% endmacro %}".to_owned()
                + &"{% set a = f(a or 'aaaaaaaa') %}".repeat(60),
        ),
        (
            built,
            format!(
                "{{% for a in range(99999) %}}{}{{% endfor %}}",
                "x".repeat(5000)
            ),
        ),
        (
            steps,
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
                .to_owned(),
        ),
        (looked, over_and_over("{% set y = ns.x[5:] %}")),
        (looked, over_and_over("{% set y = ns.x[-1:] %}")),
        (
            looked,
            over_and_over("{% if 'b' in ns.x or ns.x == 'b' %}{% endif %}"),
        ),
        (looked, over_and_over("{% set y = ns.x|upper %}")),
        (looked, over_and_over("{% if ns.x|length %}{% endif %}")),
        (built, over_and_over("{% set y = ns.x.split('b') %}")),
        ("multiplies numbers", "{{ 'a' * 99999999 }}".to_owned()),
        (
            "recursion limit",
            "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}".to_owned(),
        ),
        (
            "could not render include",
            "{% include 'chat' %}".to_owned(),
        ),
        (
            "unknown method",
            "{{ ''.__class__ }}{{ messages.append(1) }}".to_owned(),
        ),
        ("at most 262144 are read", "(".repeat(300_000)),
        ("recursion limits", "{{ ".to_owned() + &"(".repeat(10_000)),
        (
            "undefined value",
            "{{ messages[0].content.nothing.deeper }}".to_owned(),
        ),
    ]
}
