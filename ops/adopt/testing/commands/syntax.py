"""Writes syntax.json: what the commands in the adoption's report accept, as the Azure CLI and the Pulumi CLI themselves say.

python3 -m venv /tmp/az && /tmp/az/bin/pip install azure-cli==2.91.0
/tmp/az/bin/python ops/adopt/testing/commands/syntax.py PULUMI >ops/adopt/testing/commands/syntax.json
npm run format
"""

import json
import re
import subprocess
import sys
from importlib.metadata import version

from azure.cli.core import get_default_cli
from azure.cli.core.file_util import create_invoker_and_load_cmds_and_args

AZ = [
    "disk delete",
    "functionapp show",
    "functionapp start",
    "functionapp stop",
    "network nsg rule create",
    "resource delete",
    "resource update",
    "vm run-command invoke",
]
PULUMI = [
    "config get",
    "config set",
    "destroy",
    "preview",
    "stack output",
    "state unprotect",
    "up",
]


def values(nargs):
    """How many values an option takes."""
    return {0: "none", None: "one", "?": "optional", "*": "any", "+": "some"}.get(nargs, str(nargs))


def az_option(action):
    option = {"names": list(action.option_strings), "values": values(action.nargs)}
    if action.required:
        option["required"] = True
    if action.choices:
        option["choices"] = sorted(str(choice) for choice in action.choices)
    return option


def az():
    cli = get_default_cli()
    create_invoker_and_load_cmds_and_args(cli)
    parsers = {}
    for group in cli.invocation.parser.subparsers.values():
        for parser in group.choices.values():
            parsers[parser.prog.removeprefix("az ")] = parser
    table = cli.invocation.commands_loader.command_table
    commands = {}
    for name in AZ:
        options = [az_option(action) for action in parsers[name]._actions if action.option_strings]
        for argument in table[name].arguments.values():
            settings = argument.type.settings
            # Such options are there together, or --ids is: azure/cli/core/commands/arm.py.
            if settings.get("id_part") and "--ids" in str(options):
                for option in options:
                    if set(option["names"]) & {str(each) for each in settings["options_list"]}:
                        option["idPart"] = True
        commands[name] = {"options": options, "places": 0}
    return {"version": version("azure-cli"), "commands": commands}


def pulumi(program):
    commands = {}
    for name in PULUMI:
        text = subprocess.run([program, *name.split(), "--help"], capture_output=True, text=True, check=True).stdout
        options = []
        pattern = r"^ +(?:(-\w), +)?(--[\w-]+)(?: (\w+|file:))?(\[=[^]]*\])?  "
        for short, long, kind, default in re.findall(pattern, text, re.M):
            # With a default a value comes behind "=" only.
            takes = "one" if kind and not default else "none"
            options.append({"names": [long, short] if short else [long], "values": takes})
        usage = re.search(r"^Usage:\n +pulumi (.*)$", text, re.M).group(1)
        places = re.sub(r"\[flags\]|\[--\]", "", usage).split()[len(name.split()) :]
        commands[name] = {"options": options, "places": 99 if "..." in usage else len(places)}
    shown = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout
    return {"version": shown.strip(), "commands": commands}


json.dump({"az": az(), "pulumi": pulumi(sys.argv[1])}, sys.stdout, indent=1)
