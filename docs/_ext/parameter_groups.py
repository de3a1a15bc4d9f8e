"""Put the parameters of the estimators into the groups of the page "parameters".

Forty parameters in a row are a wall. The page says what belongs together and when to
touch each: the reference gets its headings and lines, so that both say the same.
"""

import re
from pathlib import Path

from docutils import nodes

PAGE = Path(__file__).parents[1] / "parameters.md"
LINE = re.compile(r"^\| `(\w+)` \| (.*?) \|$", re.MULTILINE)
LINK = re.compile(r"\s*\(?\[(.*?)\]\(.*?\)\)?")


def groups_of_page():
    """Give the heading of each group, and when to touch each of its parameters."""
    _, *sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.M)
    return {
        section.partition("\n")[0]: dict(LINE.findall(section)) for section in sections
    }


def in_groups(app, doctree):
    """Sort the parameters of an estimator's page by groups."""
    if not re.search(r"generated/sklearn_mtl\.MultiTaskNet\w+$", app.env.docname):
        return
    known = groups_of_page()
    for items in list(doctree.findall(nodes.definition_list)):
        by_name = {_name_of(item): item for item in items}
        if not {name for group in known.values() for name in group}.issubset(by_name):
            continue
        parts = []
        for heading, group in known.items():
            parts.append(nodes.rubric(heading, heading, classes=["parameter-group"]))
            own = [_with_advice(by_name[name], group[name]) for name in group]
            parts.append(nodes.definition_list("", *own, classes=items["classes"]))
        items.replace_self(parts)


def _name_of(item):
    return item[0].astext().partition(":")[0].strip()


def _with_advice(item, touch_when):
    advice = f"Touch it when: {LINK.sub('', touch_when).replace('`', '')}."
    definition = item.next_node(nodes.definition)
    definition.append(nodes.paragraph("", advice, classes=["touch-it-when"]))
    return item


def setup(app):
    app.connect("doctree-read", in_groups)
    return {"parallel_read_safe": True}
