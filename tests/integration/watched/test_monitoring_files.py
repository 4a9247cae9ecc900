"""The alerts and the dashboard that are shipped name only what a real scrape has."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from tests.integration.watched.conftest import Site, scrape
from tests.integration.watched.watched_ledger import fill

from regbridge.web.metrics.names import METRICS, Of

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs/monitoring"
ALERTS = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))
DASHBOARD = json.loads((FOLDER / "grafana.json").read_text(encoding="utf-8"))
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
GUIDE = (ROOT / "docs/how-to/watch-with-prometheus.md").read_text(encoding="utf-8")
DURATION = re.compile(r"[1-9]\d*[smhd]")
BY_PROMETHEUS = {"instance", "job"}
CHILDREN = ("expr", "lhs", "rhs", "args", "vector_selector")


def queries() -> Iterator[Any]:
    for rule in RULES:
        yield pytest.param(rule["expr"], id=rule["alert"])
    for panel in PANELS:
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", "5m")
            yield pytest.param(expression, id=f"{panel['title']} {target['refId']}")
    for number, expression in enumerate(re.findall(r"^ +expr: (.*)$", GUIDE, re.MULTILINE)):
        yield pytest.param(expression, id=f"guide {number}")


QUERIES = [*queries()]
SHARED = {named.name for named in METRICS if named.of is Of.LEDGER}


def selectors(tree: Any, *within: str, inside: bool = False) -> Iterator[Any]:
    """Yield what a query selects, at whatever depth; only `within` some aggregations, if named.

    What is in `max` is one value for all hosts by then.
    """
    if isinstance(tree, promql_parser.AggregateExpr):
        name = re.split(r"\W", str(tree))[0]
        inside = name in within or (inside and name != "max")
    if isinstance(tree, promql_parser.VectorSelector) and (inside or not within):
        yield tree
    for name in CHILDREN:
        child = getattr(tree, name, None)
        for each in child if isinstance(child, list) else [child]:
            if each is not None:
                yield from selectors(each, *within, inside=inside)


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, set[str]]]:
    """The labels of each sample of a real scrape, by its name."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ACME_CVENT_TOKEN", "a-token-of-cvent")
        folder = tmp_path_factory.mktemp("watched")
        site = Site.made(folder)
        host = site.start()
        try:
            fill(host)
            labels: dict[str, set[str]] = defaultdict(set)
            for metric in scrape(host).values():
                for sample in metric.samples:
                    labels[sample.name] |= set(sample.labels)
            yield {**labels, "up": set()}
        finally:
            host.stop()


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_selects_only_what_a_real_scrape_has(
    query: str, scraped: Mapping[str, set[str]]
) -> None:
    found = list(selectors(promql_parser.parse(query)))

    assert found
    known: set[str] = set(BY_PROMETHEUS)
    for each in found:
        assert each.name in scraped, each.name
        labels = scraped[each.name] | BY_PROMETHEUS
        assert {matcher.name for matcher in each.matchers.matchers} <= labels
        known |= labels
    grouped = re.findall(r"\bby \(([^)]*)\)", query)
    assert {name.strip() for names in grouped for name in names.split(",")} <= known


@pytest.mark.parametrize("query", QUERIES)
def test_what_is_the_same_at_every_host_is_never_added_up(query: str) -> None:
    added_up = {each.name for each in selectors(promql_parser.parse(query), "sum", "count")}

    metrics = {re.sub("_(bucket|count|sum|total)$", "", name) for name in added_up}
    assert metrics & SHARED == set()


def test_what_would_be_added_up_is_found() -> None:
    wrong = promql_parser.parse(
        'sum by (state) (rate(regbridge_registrations{state="parked"}[5m]))'
    )
    right = promql_parser.parse("sum(max by (client) (regbridge_registrations)) + count(up)")

    assert [each.name for each in selectors(wrong, "sum")] == ["regbridge_registrations"]
    assert [each.name for each in selectors(right, "sum", "count")] == ["up"]


def test_a_query_that_names_something_else_would_be_found(
    scraped: Mapping[str, set[str]],
) -> None:
    with pytest.raises(AssertionError, match="regbridge_nothing"):
        test_a_query_selects_only_what_a_real_scrape_has("max(regbridge_nothing) > 0", scraped)
    with pytest.raises(AssertionError):
        test_a_query_selects_only_what_a_real_scrape_has(
            'regbridge_registrations{reason="no email"}', scraped
        )
    with pytest.raises(AssertionError):
        test_a_query_selects_only_what_a_real_scrape_has(
            "max by (person) (regbridge_registrations)", scraped
        )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_wrong_and_what_to_do(
    rule: Mapping[str, Any], scraped: Mapping[str, set[str]]
) -> None:
    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"Regbridge[A-Z]\w+", rule["alert"])
    assert DURATION.fullmatch(rule.get("for", "1m"))
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert rule["annotations"].keys() == {"summary", "description"}
    texts = " ".join(rule["annotations"].values())
    [*shown] = re.findall(r"\$labels\.(\w+)", texts)
    kept = re.search(r"\bby \(([^)]*)\)", rule["expr"])
    names = {each.name for each in selectors(promql_parser.parse(rule["expr"]))}
    labels = BY_PROMETHEUS.union(*(scraped[name] for name in names))
    assert set(shown) <= (set(re.split(r", ?", kept[1])) if kept else labels)


def test_the_alerts_have_names_of_their_own() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len(set(names)) > 10


def test_the_dashboard_has_what_grafana_needs_to_import_it() -> None:
    assert DASHBOARD["uid"] and DASHBOARD["title"] == "regbridge"
    assert DASHBOARD["id"] is None, "Grafana numbers it"
    assert isinstance(DASHBOARD["schemaVersion"], int)
    assert {"time", "templating", "annotations", "panels"} <= DASHBOARD.keys()
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(numbers) == len(set(numbers))
    variables = {each["name"]: each for each in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    for each in PANELS:
        assert {"type", "title", "description", "gridPos", "fieldConfig", "options"} <= each.keys()
        for target in each["targets"]:
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            used = set(re.findall(r"\$(\w+)", target["expr"])) - {"__rate_interval"}
            assert used <= variables.keys()


def test_no_panel_lies_on_another_and_none_leaves_the_page() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_a_variable_asks_for_a_metric_that_there_is(scraped: Mapping[str, set[str]]) -> None:
    asked = [
        re.findall(r"label_values\((\w+), (\w+)\)", each["definition"])
        for each in DASHBOARD["templating"]["list"]
        if each["type"] == "query"
    ]
    for [(metric, label)] in asked:
        assert label in scraped[metric] | BY_PROMETHEUS


def test_every_metric_is_watched_or_shown(scraped: Mapping[str, set[str]]) -> None:
    text = json.dumps(DASHBOARD) + json.dumps(ALERTS)
    unused = {
        name
        for name in scraped
        if name.startswith("regbridge_") and not name.endswith("_count") and name not in text
    }
    assert unused == set()


def test_the_guide_lists_the_files_that_there_are() -> None:
    named = set(re.findall(r"\(\.\./monitoring/([\w.]+)\)", GUIDE))
    assert named == {path.name for path in FOLDER.iterdir()}
