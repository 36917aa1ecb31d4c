"""Named parts of the OpenAPI document: schemas that have a title, wherever they stand, are told once."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = ("items", "additionalProperties", "contains", "propertyNames", "not", "if", "then", "else")
_MAPS = ("properties", "patternProperties", "dependentSchemas")


class Components:
    """Collects schemas by their titles.

    Attributes:
        schemas: by name, in which other named ones are references.
    """

    def __init__(self) -> None:
        self.schemas: dict[str, Schema] = {}
        self._seen: dict[str, Schema] = {}

    def schema(self, schema: Schema) -> Schema:
        """A schema as it stands in the document: a reference where it has a title.

        Raises:
            ValueError: another schema has the same title.
        """
        title = schema.get("title")
        if title is None:
            return self._inner(schema)
        if self._seen.setdefault(title, schema) != schema:
            raise ValueError(f"two schemas have the title {title}")
        if title not in self.schemas:
            self.schemas[title] = {}
            self.schemas[title] = self._inner(schema)
        return {"$ref": f"#/components/schemas/{title}"}

    def _inner(self, schema: Schema) -> Schema:
        found = dict(schema)
        for word in _LISTS:
            if word in found:
                found[word] = [self.schema(each) for each in found[word]]
        for word in _SINGLE:
            if isinstance(found.get(word), dict):
                found[word] = self.schema(found[word])
        for word in _MAPS:
            if word in found:
                found[word] = {name: self.schema(each) for name, each in found[word].items()}
        return found
