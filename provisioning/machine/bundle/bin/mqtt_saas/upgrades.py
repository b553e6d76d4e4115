"""Which packages security upgrades by themselves reach: the origins that unattended-upgrades may take from, compared with
where each package comes from. A package of Ubuntu's universe is in an allowed archive and still gets no security upgrades:
they are in ESM Apps, which a machine without Ubuntu Pro does not have."""

import fnmatch
import platform
import re

from mqtt_saas.packages import said

# A source of apt: the fields of its release file (o: origin, a: archive, n: codename, l: label, c: component).
Source = dict[str, str]

# unattended-upgrades' own short and long names of the fields.
FIELDS = {"origin": "o", "archive": "a", "suite": "a", "codename": "n", "label": "l", "component": "c"}
# Ubuntu's team keeps these secure for everybody; the rest, with Ubuntu Pro.
FOR_EVERYBODY = ("main", "restricted")
PRO = "UbuntuESMApps"


def not_upgraded(packages: list[str]) -> dict[str, str]:
    """Packages that no security upgrade reaches, with the reason."""
    sources = read_sources(said("apt-cache", "policy"))
    patterns = read_patterns(said("apt-config", "dump"), platform.freedesktop_os_release())
    if not any(is_security(source) and is_allowed(source, patterns) for source in sources.values()):
        return dict.fromkeys(packages, "unattended-upgrades may take from no security archive")
    policies = re.split(r"^(\S+):$\n", said("apt-cache", "policy", *packages), flags=re.MULTILINE)[1:]
    reasons = {name: why_not(policy, sources, patterns) for name, policy in zip(policies[::2], policies[1::2], strict=True)}
    return {name: reason for name, reason in reasons.items() if reason}


def why_not(policy: str, sources: dict[str, Source], patterns: list[dict[str, str]]) -> str | None:
    """Why a package gets no security upgrades, by its `apt-cache policy`; None when it does, or is not installed."""
    if re.search(r"^ *Installed: \(none\)$", policy, re.MULTILINE) or "Installed:" not in policy:
        return None
    # "*** VERSION" is what is installed; the lines below it, until the next version, are where it is available.
    installed = re.split(r"\n     (?=\S)", policy.partition(" *** ")[2])[0]
    # An archive drops a version when it has a newer one: then the other versions tell where the package comes from.
    origins = _origins(installed, sources) or _origins(policy, sources)
    if not origins:
        return "it is in no archive that this machine knows"
    secure = [source for source in sources.values() if is_security(source) and is_allowed(source, patterns)]
    reasons = [reason for origin in origins if (reason := _unreached(origin, secure))]
    return reasons[0] if len(reasons) == len(origins) else None


def _origins(table: str, sources: dict[str, Source]) -> list[Source]:
    names = re.findall(r"^ +-?\d+ (\S+ \S+)", table, re.MULTILINE)
    return [sources[name] for name in names if name in sources]


def _unreached(origin: Source, secure: list[Source]) -> str | None:
    component = origin.get("c", "")
    if origin.get("o") == "Ubuntu" and component not in FOR_EVERYBODY:
        if any(source.get("o") == PRO for source in secure):
            return None
        return f"it is in Ubuntu's {component}, whose security upgrades need Ubuntu Pro"
    if any(source.get("o") == origin.get("o") for source in secure):
        return None
    return f"unattended-upgrades may not take from its origin, {origin.get('o') or 'which has no name'}"


def is_security(source: Source) -> bool:
    return source.get("a", "").endswith("-security") or source.get("l", "").endswith("-Security")


def is_allowed(source: Source, patterns: list[dict[str, str]]) -> bool:
    return any(
        all(fnmatch.fnmatchcase(source.get(field, ""), wanted) for field, wanted in pattern.items()) for pattern in patterns
    )


def read_sources(policy: str) -> dict[str, Source]:
    """The sources of `apt-cache policy`, by `URL SUITE/COMPONENT`."""
    found = {}
    for name, release in re.findall(r"^ +-?\d+ (\S+ \S+).*\n +release (.*)$", policy, re.MULTILINE):
        found[name] = dict(part.split("=", 1) for part in release.split(",") if "=" in part)
    return found


def read_patterns(dump: str, release: dict[str, str]) -> list[dict[str, str]]:
    """What unattended-upgrades may take, of `apt-config dump`: both of its ways to say it. `release`: os-release(5)."""
    values = {"distro_id": release["ID"].capitalize(), "distro_codename": release.get("VERSION_CODENAME", "")}

    def filled(text: str) -> str:
        return re.sub(r"\$\{(\w+)\}", lambda mark: values.get(mark[1], mark[0]), text)

    patterns = []
    for key, text in re.findall(r'^Unattended-Upgrade::(Allowed-Origins|Origins-Pattern):: "(.*)";$', dump, re.MULTILINE):
        if key == "Allowed-Origins":
            origin, _, archive = filled(text).partition(":")
            patterns.append({"o": origin, "a": archive})
        else:
            pairs = [part.strip().split("=", 1) for part in filled(text).split(",")]
            patterns.append({FIELDS.get(field, field): wanted for field, wanted in pairs})
    return patterns
