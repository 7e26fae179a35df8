"""The ground: settings as values, the knobs they are made of, and the links they travel in.

One schema is printed five times: as widgets, flags, links, validation and documentation. A part of an
attack or of a federation *is* its own settings, so nothing is ever built from a string.
"""

import base64
import binascii
import json
import types
import typing
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Self

import pydantic
from pydantic import BaseModel, ConfigDict, Field, SerializationInfo, SerializerFunctionWrapHandler, model_serializer
from pydantic.fields import FieldInfo

Level = Literal["basic", "advanced", "hidden"]
Path = tuple[str | int, ...]

S = typing.TypeVar("S", bound="Settings")

_LINK_VERSION = "1."
_LINK_LIMIT = 1 << 18  # bytes after unpacking; a whole experiment needs a few thousand


class Refusal(ValueError):
    """A request that cannot be carried out; its message is the sentence a person reads."""


class Settings(BaseModel):
    """A frozen, validated value that refuses unknown keys and always says its own kind."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, protected_namespaces=(), allow_inf_nan=False
    )

    @model_serializer(mode="wrap")
    def _serialise(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        # pydantic drops a discriminator that equals its default, and then cannot read the union back.
        written = handler(self)
        public_only = bool(info.context and info.context.get("public_only"))
        if public_only:
            written = {name: value for name, value in written.items() if not _extra(type(self), name).get("private")}
        return ({"kind": self.kind} if "kind" in type(self).model_fields else {}) | written

    @classmethod
    def read(cls, value: dict[str, Any] | str) -> Self:
        """Return the settings written in a dict or a JSON text.

        Raises: Refusal, naming the knob, its value and what is allowed.
        """
        try:
            return cls.model_validate_json(value) if isinstance(value, str) else cls.model_validate(value)
        except pydantic.ValidationError as error:
            raise Refusal(sentence(error)) from error

    def changed(self, path: Path, value: Any) -> Self:
        """Return these settings with one knob set to another value, validated anew.

        Raises: Refusal, when the value is not allowed there.
        """
        tree = self.model_dump(mode="json")
        place: Any = tree
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value.model_dump(mode="json") if isinstance(value, Settings) else value
        return type(self).read(tree)

    def at(self, path: Path) -> Any:
        """Return the value that stands at a path."""
        place: Any = self
        for step in path:
            place = place[step] if isinstance(step, int) else getattr(place, step)
        return place


def knob(
    default: Any,
    *,
    help: str,
    title: str = "",
    symbol: str = "",
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    log: bool = False,
    unit: str = "",
    level: Level = "basic",
    private: bool = False,
) -> Any:
    """Declare one field a person may choose: its bounds, one plain sentence, and what it is in the mathematics.

    A knob marked `private` never travels in a link; one marked `hidden` gets no widget.
    """
    extra = {
        "knob": True, "title": title, "symbol": symbol, "step": step, "log": log,
        "unit": unit, "level": level, "private": private, "low": low, "high": high,
    }  # fmt: skip
    return Field(default, ge=low, le=high, description=help, json_schema_extra=extra)


@dataclass(frozen=True)
class Knob:
    """One field of some settings as a printer needs it: where it stands, what it holds and what it may hold."""

    path: Path
    value: Any
    owner: type[Settings]
    help: str
    title: str
    symbol: str
    low: float | None
    high: float | None
    step: float | None
    log: bool
    unit: str
    level: Level
    choices: tuple[Any, ...]  # values of a Literal, or the classes of a union of settings
    many: bool  # a tuple of parts rather than one

    @property
    def dotted(self) -> str:
        """The path as it is written on the command line."""
        return ".".join(str(step) for step in self.path)


def walk(settings: Settings, path: Path = ()) -> Iterator[Knob]:
    """Yield every knob of some settings, depth first, descending into nested settings, unions and tuples."""
    for name, fixed in _fields(type(settings)):
        value = getattr(settings, name)
        if fixed:
            yield Knob(path=(*path, name), value=value, owner=type(settings), **fixed)
        if isinstance(value, Settings):
            yield from walk(value, (*path, name))
        elif isinstance(value, tuple):
            for index, item in enumerate(value):
                if isinstance(item, Settings):
                    yield from walk(item, (*path, name, index))


@cache
def _fields(cls: type[Settings]) -> list[tuple[str, dict[str, Any]]]:
    """Return the fields of a class of settings, each with what is the same for every knob it makes; {} for no knob."""
    fields = cls.model_fields.items()
    return [(name, _fixed(name, field) if _extra(cls, name).get("knob") else {}) for name, field in fields]


def _fixed(name: str, field: FieldInfo) -> dict[str, Any]:
    extra = field.json_schema_extra
    kept = {word: extra[word] for word in ("symbol", "low", "high", "step", "log", "unit", "level")}
    return kept | {
        "help": field.description or "", "title": extra["title"] or name.replace("_", " ").capitalize(),
        "choices": choices(field.annotation), "many": typing.get_origin(field.annotation) is tuple,
    }  # fmt: skip


def choices(annotation: Any) -> tuple[Any, ...]:
    """Return what an annotation allows: the values of a Literal, or the settings classes of a union."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return arguments
    if origin is typing.Annotated:
        return choices(arguments[0])
    if origin in (typing.Union, types.UnionType, tuple):
        found = [choice for argument in arguments if argument is not Ellipsis for choice in choices(argument)]
        return tuple(dict.fromkeys(found))
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return (annotation,)
    return ()


def to_link(settings: Settings) -> str:
    """Return the settings as one short word for an address: JSON without defaults and without private knobs."""
    written = settings.model_dump(mode="json", exclude_defaults=True, context={"public_only": True})
    packed = zlib.compress(json.dumps(written, separators=(",", ":")).encode(), 9)
    return _LINK_VERSION + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def from_link(cls: type[S], link: str) -> S:
    """Return the settings a link carries.

    Raises: Refusal, when the link is cut, altered or of another version.
    """
    try:
        received = cls.model_validate(unpacked(link))
        # A crafted link may carry private knobs all the same, such as a folder of this machine: they are dropped.
        return cls.model_validate(received.model_dump(mode="json", context={"public_only": True}))
    except pydantic.ValidationError as error:
        raise Refusal(f"This link asks for something leaklab does not allow. {sentence(error)}") from error


def unpacked(link: str) -> Any:
    """Return what a link carries as it was written, JSON that nobody has looked at.

    Raises: Refusal, when the link is cut, altered or of another version.
    """
    version, _, body = link.partition(".")
    if f"{version}." != _LINK_VERSION:
        raise Refusal("This link was made by another version of leaklab: open the page without it and choose again.")
    try:
        packed = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(packed, _LINK_LIMIT)
        if not unpacker.eof:
            raise ValueError("the end and its checksum are missing, or lie beyond the limit")
        return json.loads(text)
    except (binascii.Error, zlib.error, ValueError, RecursionError) as error:
        raise Refusal("This link is broken: part of it is missing or was changed. Copy it again, whole.") from error


def sentence(error: pydantic.ValidationError) -> str:
    """Return the first complaint of a validation as a sentence: the knob, its value, what is allowed."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the settings"
    value = first.get("input")
    shown = f" (got {value!r})" if isinstance(value, str | int | float | bool) else ""
    return f"{where}: {first['msg'].removeprefix('Value error, ')}{shown}."


def _extra(cls: type[BaseModel], name: str) -> dict[str, Any]:
    field = cls.model_fields.get(name)
    extra = field.json_schema_extra if field else None
    return extra if isinstance(extra, dict) else {}
