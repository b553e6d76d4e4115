"""Units that are enabled but not active. A service that died makes no sound; this looks."""

import re

from mqtt_saas.packages import said

PROPERTIES = "Id,ActiveState,SubState,Type,Result,ConditionResult,ConditionTimestampMonotonic,UnitFileState"
Unit = dict[str, str]
# Daemons that end well when they have nothing to do: no contract to attach, no hot processor, no first boot any more.
MAY_END = ("ubuntu-advantage.service", "thermald.service", "cloud-init-main.service")


def not_active() -> list[str]:
    """Enabled units that a boot starts and that do not run, and all that failed, each with its state."""
    enabled = set(re.findall(r"^(\S+)", _said("list-unit-files", "--state=enabled"), re.MULTILINE))
    # What is enabled for a rescue or a shutdown only is not meant to run now.
    started = set(_said("list-dependencies", "--plain", "default.target").split())
    failed = re.findall(r"^(\S+)", _said("list-units", "--all", "--state=failed"), re.MULTILINE)
    names = sorted({*(enabled & started), *failed})
    if not names:
        return []
    shown = _said("show", f"--property={PROPERTIES}", *names).strip().split("\n\n")
    units = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in shown]
    return [f"{unit['Id']} ({_state(unit)})" for unit in units if is_down(unit)]


def is_down(unit: Unit) -> bool:
    """A unit that should run and does not. What a condition kept from starting, and a task that is done, should not."""
    state, detail = unit.get("ActiveState", ""), unit.get("SubState", "")
    if state == "failed" or detail == "auto-restart":
        return True
    if state != "inactive":
        return False
    was_tried = unit.get("ConditionTimestampMonotonic", "0") != "0"
    if was_tried and unit.get("ConditionResult") == "no":
        return False
    ends = unit.get("Type") == "oneshot" or unit.get("Id") in MAY_END
    return not (ends and unit.get("Result") == "success")


def _state(unit: Unit) -> str:
    result = unit.get("Result", "success")
    return unit.get("ActiveState", "unknown") if result == "success" else f"{unit['ActiveState']}: {result}"


def _said(*arguments: str) -> str:
    return said("systemctl", "--no-legend", "--plain", "--no-pager", *arguments)
