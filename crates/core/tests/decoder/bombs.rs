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
    let growing = |what: &str| {
        format!(
            "{{% set ns = namespace(x=[1]) %}}{{% for i in range(99999) %}}{{% set ns.x = {what} %}}{{% endfor %}}"
        )
    };
    let deep = "nests deeper than 100 lists";
    let links = "more than 256 operators, dots and brackets inside of each other";
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
        (
            looked,
            over_and_over("{% set y = ns.x[5:] %}{% set y = ns.x[-1:] %}"),
        ),
        (
            looked,
            over_and_over("{% if 'b' in ns.x or ns.x == 'b' %}{% endif %}"),
        ),
        (looked, over_and_over("{% set y = ns.x|upper %}")),
        (looked, over_and_over("{% if ns.x|length %}{% endif %}")),
        (built, over_and_over("{% set y = ns.x.split('b') %}")),
        (looked, over_and_over("{% if ns.x is eq(ns.x) %}{% endif %}")),
        (looked, over_and_over("{% if 'b' is in(ns.x) %}{% endif %}")),
        (looked, over_and_over("{% if ns.x is lower %}{% endif %}")),
        (
            looked,
            over_and_over("{% if [ns.x] == [ns.x] %}{% endif %}"),
        ),
        (
            looked,
            over_and_over("{% if {'a': ns.x} in [{'a': ns.x}] %}{% endif %}"),
        ),
        (
            looked,
            over_and_over("{% if ns.x in {'a': 1} %}{% endif %}"),
        ),
        (looked, over_and_over("{% set y = [ns.x, ns.x]|sort %}")),
        (
            looked,
            over_and_over("{% set y = [ns.x, ns.x]|map('upper') %}"),
        ),
        (
            looked,
            over_and_over("{% set y = [ns.x, ns.x]|select('==', ns.x)|list %}"),
        ),
        (looked, over_and_over("{% set y = messages[0][ns.x] %}")),
        (looked, over_and_over("{% set y = {ns.x: 1} %}")),
        (
            looked,
            over_and_over("{% set y = messages[0].get(ns.x) %}"),
        ),
        (looked, over_and_over("{% set y = [ns.x].count(ns.x) %}")),
        (
            built,
            over_and_over("{% set y = ns.x.strip(ns.x ~ 'b') %}"),
        ),
        (
            built,
            format!("{large}{{{{ [{}] }}}}{{% endfor %}}", "ns.x, ".repeat(99)),
        ),
        (
            built,
            format!("{large}{{{{ [{}]|tojson }}}}{{% endfor %}}", "ns.x, ".repeat(99)),
        ),
        // Each list has the one before twice.
        (
            looked,
            "{% set ns = namespace(x='a') %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}".to_owned(),
        ),
        (deep, growing("[ns.x]")),
        (deep, growing("{'a': ns.x}")),
        (deep, growing("[ns.x[0:]]")),
        (deep, format!("{}{}", "{% set x = 1 %}", "{% set x = [x] %}".repeat(9999))),
        ("a namespace into a namespace", growing("[ns]")),
        ("a namespace into a namespace", growing("namespace(x=ns.x)")),
        (links, format!("{{{{ a{} }}}}", ".a".repeat(99_999))),
        (links, format!("{{{{ a{}", " and a".repeat(39_999))),
        (links, format!("{{% set a = {}a %}}", "not ".repeat(49_999))),
        (
            "more than 32 brackets inside of each other",
            format!("{{{{ {}x{} }}}}", "a(".repeat(9999), ")".repeat(9999)),
        ),
        (
            "more than 256 `elif`s",
            format!("{{% if a %}}{}{{% endif %}}", "{% elif a %}".repeat(9999)),
        ),
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
        ("more than 32 brackets", "{{ ".to_owned() + &"(".repeat(10_000)),
        (
            "undefined value",
            "{{ messages[0].content.nothing.deeper }}".to_owned(),
        ),
    ]
}
