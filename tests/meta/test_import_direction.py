from __future__ import annotations

import ast
import sys
from importlib.metadata import packages_distributions

import wharfinger

# What each room of core may import of core's other rooms, at run time.
MAY_IMPORT = {
    "errors": set(),
    "suggest": set(),
    "jsontext": set(),
    "model": {"errors"},
    "hookspecs": {"model"},
    "discovery": {"hookspecs"},
    "plugin_report": {"discovery"},
    "mapping": {"errors", "jsontext", "model", "suggest"},
    "trigger": {"errors", "jsontext", "model", "suggest"},
    "payload": {"errors", "jsontext", "model", "suggest"},
    "telemetry": {"errors", "model"},
    "redacting": {"model", "payload"},
    "delivery": {"errors", "model", "redacting", "telemetry"},
    "configuration": {"delivery", "errors", "model", "suggest"},
    "access": {"configuration", "delivery", "errors", "model"},
    "fused": {"mapping", "model", "payload"},
    "active": {"delivery", "errors", "mapping", "model", "redacting"},
    "outlining": {"errors", "mapping", "model", "payload"},
    "opening": {"active", "delivery", "errors", "model"},
    "provisioning": {
        *("active", "delivery", "errors", "model", "opening", "payload", "suggest"),
    },
    "receipts": {"active", "errors", "model"},
    "sending": {"active", "delivery", "errors", "model", "receipts"},
    "given": {"model", "sending"},
    "settling": {"model"},
    "watched": {
        *("active", "delivery", "model", "receipts", "sending", "settling", "telemetry"),
    },
    "account": {
        *("access", "active", "delivery", "errors", "given", "opening", "receipts", "sending"),
        *("telemetry", "watched"),
    },
    "road": {"active", "delivery", "model", "sending", "settling"},
    "flow": {
        *("active", "delivery", "errors", "model", "road", "sending", "settling", "watched"),
    },
    "streaming": {"errors", "flow", "settling"},
    "preview": {"active", "delivery", "errors", "model", "opening", "receipts", "sending"},
    "explanation": {"active", "errors", "mapping", "model", "payload", "preview", "trigger"},
}
KNOW_SEVERAL_ROOMS = {"", "assembly", "connection", "loading", "plugins", "registry", "sync"}

# Libraries that shape a room stay in it. Model names `httpx.Auth` in a record.
LIVES_IN = {
    "anyio": {"sync"},
    "cattrs": {"configuration", "payload"},
    "httpx": {
        *("access", "account", "assembly", "configuration", "connection", "delivery", "model"),
        *("plugins", "preview"),
    },
    "lark": {"trigger"},
    "liquid": {"mapping"},
    "opentelemetry": {"telemetry"},
    "pluggy": {"hookspecs", "loading", "plugins", "registry"},
    "stamina": {"delivery"},
}


def _rooms(imported):
    """Yield the rooms an import reaches; ``from wharfinger import x`` may name one, too."""
    parts = imported.module.split(".")
    if parts[0] != "wharfinger":
        return
    if len(parts) > 1:
        yield parts[1]
    else:
        yield from (name for name in imported.names or ("",) if name not in wharfinger.__all__)
        if set(imported.names) & set(wharfinger.__all__) or not imported.names:
            yield ""


def test_rooms_import_in_one_direction(core):
    wrong = [
        f"{module.where} imports {room or 'the public face'}"
        for module in core.modules
        if module.room in MAY_IMPORT
        for imported in module.imports
        for room in _rooms(imported)
        if room not in MAY_IMPORT[module.room] | {module.room}
    ]
    assert not wrong, "\n".join(wrong)


def test_every_room_has_its_place_in_the_order(core):
    rooms = {module.room for module in core.modules}
    assert rooms - {"testing"} == set(MAY_IMPORT) | KNOW_SEVERAL_ROOMS


def test_running_core_never_needs_its_test_kit(core):
    wrong = [
        module.where
        for module in core.modules
        if module.room != "testing"
        for imported in module.imports
        if "testing" in _rooms(imported) or imported.module.partition(".")[0] in ("pytest", "tests")
    ]
    assert not wrong, "\n".join(wrong)


def test_libraries_that_shape_a_room_stay_in_it(core):
    wrong = [
        f"{module.where} imports {library}"
        for module in core.modules
        for imported in module.imports
        if (library := imported.module.partition(".")[0]) in LIVES_IN
        and module.room not in LIVES_IN[library] | {"testing"}
    ]
    assert not wrong, "\n".join(wrong)


def test_plugins_and_contributions_import_the_public_face_only(others):
    wrong = [
        f"{module.where}: {imported.module} {' '.join(imported.names)}"
        for distribution in others
        for module in distribution.modules
        for imported in module.imports
        if (imported.module.startswith("wharfinger.") and imported.module != "wharfinger.sync")
        or (imported.module == "wharfinger" and not set(imported.names) <= set(wharfinger.__all__))
    ]
    assert not wrong, "\n".join(wrong)


def test_plugins_and_contributions_use_public_names_only(others):
    public = {*wharfinger.__all__, "__version__", "sync"}
    wrong = [
        f"{module.where}:{node.lineno}: wharfinger.{node.attr}"
        for distribution in others
        for module in distribution.modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "wharfinger"
        and node.attr not in public
    ]
    assert not wrong, "\n".join(wrong)


def test_plugins_are_found_by_entry_point_and_never_imported_by_others(distributions):
    plugins = {d.package for d in distributions if "wharfinger" in _entry_points(d)}
    assert plugins, "no distribution offers an entry point"
    wrong = [
        f"{module.where} imports {imported.module}"
        for distribution in distributions
        for module in distribution.modules
        for imported in module.imports
        if imported.module.partition(".")[0] in plugins - {distribution.package}
    ]
    assert not wrong, "\n".join(wrong)


def test_contributions_import_each_other_in_the_demo_only(distributions):
    """But an engine imports the lane contract, which is the host's."""
    packages = {d.package for d in distributions} - {"wharfinger"}
    wrong = [
        f"{module.where} imports {imported.module}"
        for distribution in distributions
        for module in distribution.modules
        if "demo" not in module.name
        for imported in module.imports
        if imported.module.partition(".")[0] in packages - {distribution.package}
        and not (
            "wharfinger.engines" in _entry_points(distribution)
            and imported.module == "wharfinger_host.engines.contract"
        )
    ]
    assert not wrong, "\n".join(wrong)


def test_every_library_that_is_imported_is_declared(distributions):
    givers = packages_distributions()
    wrong = []
    for distribution in distributions:
        project = distribution.facts["project"]
        extras = project.get("optional-dependencies", {}).values()
        declared = {
            _normal(requirement)
            for requirement in (*project["dependencies"], *(r for extra in extras for r in extra))
        } | {distribution.name}
        wrong += [
            f"{module.where} imports {top}"
            for module in distribution.modules
            if module.room != "testing"
            for imported in module.imports
            if (top := imported.module.partition(".")[0]) not in sys.stdlib_module_names
            and declared.isdisjoint(_normal(giver) for giver in givers.get(top, [top]))
        ]
    assert not wrong, "\n".join(wrong)


def test_every_library_that_is_declared_is_imported(distributions):
    givers = packages_distributions()
    wrong = []
    for distribution in distributions:
        imported = {
            _normal(giver)
            for module in distribution.modules
            for imported in module.imports
            for top in [imported.module.partition(".")[0]]
            for giver in givers.get(top, [top])
        }
        declared = {_normal(line) for line in distribution.facts["project"]["dependencies"]}
        wrong += [f"{distribution.name} declares {name}" for name in declared - imported]
    assert not wrong, "\n".join(wrong)


def _normal(requirement: str) -> str:
    name = "".join(c if c.isalnum() or c in "-_." else " " for c in requirement).split()[0]
    return name.lower().replace("_", "-").replace(".", "-")


def _entry_points(distribution):
    return distribution.facts["project"].get("entry-points", {})
