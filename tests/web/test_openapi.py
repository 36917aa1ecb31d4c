"""The API's description: it is valid, has everything, says what the server really does, and can be read."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from support import Mosquitto
from web.lived_in import lived_in
from web.sites import Client, Reply, Site, column

from janitoo_datalog_rrd.web.app import create_app
from janitoo_datalog_rrd.web.routes import Role, declared

GUIDE = Path(__file__).parents[2] / "docs" / "http.md"
STREAMS = ("/api/v1/events",)
Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Asks a server that has something of everything."""
    broker = Mosquitto(tmp_path_factory.mktemp("broker"))
    broker.start()
    try:
        with lived_in(tmp_path_factory.mktemp("house"), broker) as (_, found, _):
            yield found
    finally:
        broker.stop()


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    """The description of that server."""
    found: dict[str, Any] = client.get("/api/v1/openapi.json").json
    return found


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    """Path, method and description of every operation."""
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            yield path, method, told


def schemas(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every schema that has a name."""
    yield from document["components"]["schemas"].values()


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    """Checks values against a schema of the document."""
    return Draft202012Validator({**schema, "components": document["components"]})


def filled(path: str, told: dict[str, Any]) -> str:
    """An address of an operation, with the examples that it gives."""
    query = []
    for param in told.get("parameters", ()):
        if param["in"] == "path":
            path = path.replace(f"{{{param['name']}}}", str(param["example"]))
        elif param.get("required"):
            example = param["example"]
            query.append(f"{param['name']}={example[0] if isinstance(example, list) else example}")
    return f"{path}?{'&'.join(query)}" if query else path


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()


def test_every_path_that_is_not_hidden_is_in_it_with_its_role(site: Site, document: dict[str, Any]) -> None:
    described = {(re.sub(r"{(\w+)}", "<>", path), method.upper()) for path, method, _ in operations(document)}
    table = declared(create_app(site.services)).values()
    shown = {(re.sub(r"<[^>]+>", "<>", route.path), method) for route in table for method in route.methods if not route.hidden}
    assert described == shown
    for path, _, told in operations(document):
        role = Role[told["x-role"].upper()]
        assert told["security"] == [], path  # whoever asks this server may do everything
        assert (f"Needs the role {told['x-role']}." in told["description"]) == (role > Role.NOBODY), path


def test_a_server_that_asks_who_comes_says_how_to_tell_it(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with lived_in(tmp_path, mosquitto, auth="required") as (_, client, may):
        document = client.get("/api/v1/openapi.json", **may).json
        OpenAPIV31SpecValidator(document).validate()
        flush, values = document["paths"]["/api/v1/flush"]["post"], document["paths"]["/api/v1/values"]["get"]
        assert flush["security"] == [{"bearer": ["operator"]}, {"session": ["operator"], "csrf": ["operator"]}]
        assert values["security"] == [{"bearer": ["viewer"]}, {"session": ["viewer"]}]
        assert document["paths"]["/healthz"]["get"]["security"] == []
        assert client.get("/api/v1/openapi.json").status == 401
        assert "Authorization: Bearer TOKEN" in client.get("/api/docs", **may).text


def test_every_operation_says_what_it_does_and_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    every = list(operations(document))
    assert len({told["operationId"] for _, _, told in every}) == len(every)
    for path, _, told in every:
        assert told["summary"], path
        for param in told.get("parameters", ()):
            assert param["description"], (path, param["name"])
            assert param["in"] == "query" or "example" in param, (path, param["name"])


def test_every_example_is_what_its_schema_says(document: dict[str, Any]) -> None:
    examples = 0
    for schema in schemas(document):
        for example in schema.get("examples", ()):
            validator(document, schema).validate(example)
            examples += 1
    assert examples > 5


def answer_of(document: dict[str, Any], told: dict[str, Any], reply: Reply) -> dict[str, Any]:
    """What the document says of an answer's content."""
    answer = told["responses"][str(reply.status)]
    if "$ref" in answer:
        answer = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    found: dict[str, Any] = answer["content"][reply.headers["Content-Type"].partition(";")[0]]
    return found


def strictly(document: dict[str, Any]) -> dict[str, Any]:
    """The document, in which an object has no more members than those that are told."""

    def close(part: Any) -> Any:
        if isinstance(part, list):
            return [close(each) for each in part]
        if not isinstance(part, dict):
            return part
        found = {name: close(each) for name, each in part.items()}
        return {**found, "additionalProperties": False} if "properties" in part and "title" in part else found

    return {**document, "components": {**document["components"], "schemas": close(document["components"]["schemas"])}}


def test_every_answer_is_what_the_document_says(client: Client, document: dict[str, Any]) -> None:
    strict = strictly(document)
    asked = 0
    for path, method, told in operations(document):
        if method != "get" or path in STREAMS:
            continue
        reply = client.get(filled(path, told))
        assert reply.status == 200, (path, reply.text)
        media = answer_of(document, told, reply)
        if reply.headers["Content-Type"] == "application/json" and path != "/api/v1/openapi.json":
            assert media["schema"], path
            validator(strict, media["schema"]).validate(reply.json)
        for kind in told["responses"]["200"]["content"]:
            assert client.get(filled(path, told), Accept=kind).status == 200, (path, kind)
        asked += 1
    assert asked >= 15


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/series?limit=x", 400),
        ("/api/v1/series/nobody", 404),
        ("/api/v1/data?series=nobody", 404),
        ("/api/v1/nodes/1/2", 404),
    ],
)
def test_every_refusal_is_a_problem_as_it_is_told(client: Client, document: dict[str, Any], path: str, status: int) -> None:
    reply = client.get(path)
    assert reply.status == status
    validator(document, {"$ref": "#/components/schemas/Problem"}).validate(reply.json)


def test_who_has_the_document_is_told_so(client: Client) -> None:
    etag = client.get("/api/v1/openapi.json").headers["ETag"]
    assert client.get("/api/v1/openapi.json", If_None_Match=etag).status == 304


def test_the_index_leads_to_what_there_is(client: Client) -> None:
    for path in client.get("/api/v1").json["links"].values():
        if path not in STREAMS:
            assert client.ask(path, "HEAD").status in (200, 400), path


# -- the page ----------------------------------------------------------------------------------------


def page_of(client: Client) -> str:
    reply = client.get("/api/docs")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    return reply.text


def test_the_page_has_every_operation_and_schema_and_its_links_lead_somewhere(client: Client, document: dict[str, Any]) -> None:
    page = page_of(client)
    anchors = set(re.findall(r'\bid="([^"]+)"', page))
    assert {told["operationId"] for _, _, told in operations(document)} <= anchors
    assert {f"schema-{name}" for name in document["components"]["schemas"]} <= anchors
    assert set(re.findall(r'href="#([^"]+)"', page)) <= anchors
    assert len(re.findall(r'\bid="', page)) == len(anchors)
    for address in set(re.findall(r'(?:href|src)="(/[^"]+)"', page)):
        assert client.get(address).status == 200, address


def test_the_page_needs_nothing_from_elsewhere_and_no_script_of_its_own(client: Client) -> None:
    page = page_of(client)
    assert not re.findall(r'(?:href|src)="(?!/|#)[^"]*"', page)
    assert not re.findall(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", page)


def test_its_command_lines_work(client: Client) -> None:
    lines = re.findall(r"<pre><code>curl (.*?)</code></pre>", page_of(client))
    assert len(lines) > 15
    for line in map(html.unescape, lines):
        target = re.search(r"'http://127\.0\.0\.1:\d+(/[^']*)'", line)
        assert target is not None, line
        if "-X" not in line and target[1] not in STREAMS:
            assert client.get(target[1]).status == 200, line


def test_text_from_the_bus_is_nowhere_on_it(site: Site) -> None:
    site.store.add("evil", column("value", "<b>label</b>"), label="<script>")
    assert "evil" not in page_of(site.client)


# -- the guide ---------------------------------------------------------------------------------------


def test_the_program_of_the_guide_works(client: Client) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert "http://localhost:8081" in program
    here = program.replace("http://localhost:8081", f"http://127.0.0.1:{client.port}")
    done = subprocess.run([sys.executable, "-c", here], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Load 0.42" in done.stdout
    assert re.search(r"^0048\.0002\.load\.0 MAX 0\.42", done.stdout, re.MULTILINE)


def test_the_addresses_of_the_guide_are_answered(client: Client) -> None:
    found = re.findall(r"^curl [^\n]*?'?http://localhost:8081(/api/v1/[^' \n]*)", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(found) > 4
    for address in found:
        if not address.endswith(("/events", "/flush")):
            assert client.get(address).status == 200, address
