"""upgrades.py: which packages security upgrades reach, by apt's own words, as they are on Ubuntu 24.04 and on Debian 12."""

import unittest

from mqtt_saas import upgrades

UBUNTU = {"ID": "ubuntu", "VERSION_CODENAME": "noble"}
# What Ubuntu's 50unattended-upgrades allows.
DUMP = """APT::Periodic::Unattended-Upgrade "1";
Unattended-Upgrade::Allowed-Origins "";
Unattended-Upgrade::Allowed-Origins:: "${distro_id}:${distro_codename}";
Unattended-Upgrade::Allowed-Origins:: "${distro_id}:${distro_codename}-security";
Unattended-Upgrade::Allowed-Origins:: "${distro_id}ESMApps:${distro_codename}-apps-security";
Unattended-Upgrade::Allowed-Origins:: "${distro_id}ESM:${distro_codename}-infra-security";
"""
MIRROR = "http://azure.archive.ubuntu.com/ubuntu"


def source(name: str, release: str, priority: int = 500) -> str:
    return f" {priority} {name} amd64 Packages\n     release {release},b=amd64\n     origin azure.archive.ubuntu.com\n"


NOBLE = "Package files:\n 100 /var/lib/dpkg/status\n     release a=now\n" + "".join(
    source(f"{MIRROR} noble{pocket}/{component}", f"v=24.04,o=Ubuntu,a=noble{pocket},n=noble,l=Ubuntu,c={component}")
    for pocket in ("-security", "-updates", "")
    for component in ("universe", "main")
)
ESM = source(
    "https://esm.ubuntu.com/apps/ubuntu noble-apps-security/main",
    "v=24.04,o=UbuntuESMApps,a=noble-apps-security,n=noble,l=UbuntuESMApps,c=main",
    510,
)
PPA = source(
    "https://ppa.launchpadcontent.net/mosquitto-dev/mosquitto-ppa/ubuntu noble/main",
    "v=24.04,o=LP-PPA-mosquitto-dev-mosquitto-ppa,a=noble,n=noble,l=Mosquitto,c=main",
)
BROKER = f"""  Installed: 2.0.18-1build3
  Candidate: 2.0.18-1build3
  Version table:
 *** 2.0.18-1build3 500
        500 {MIRROR} noble/universe amd64 Packages
        100 /var/lib/dpkg/status
"""
OPENSSL = f"""  Installed: 3.0.13-0ubuntu3.16
  Candidate: 3.0.13-0ubuntu3.16
  Version table:
 *** 3.0.13-0ubuntu3.16 500
        500 {MIRROR} noble-updates/main amd64 Packages
        500 {MIRROR} noble-security/main amd64 Packages
        100 /var/lib/dpkg/status
     3.0.13-0ubuntu3 500
        500 {MIRROR} noble/main amd64 Packages
"""


def why_not(package: str, policy: str = NOBLE, dump: str = DUMP) -> str | None:
    return upgrades.why_not(package, upgrades.read_sources(policy), upgrades.read_patterns(dump, UBUNTU))


class Ubuntu(unittest.TestCase):
    def test_main_is_reached(self) -> None:
        self.assertIsNone(why_not(OPENSSL))

    def test_universe_is_not_although_its_archive_is_allowed(self) -> None:
        self.assertEqual(why_not(BROKER), "it is in Ubuntu's universe, whose security upgrades need Ubuntu Pro")

    def test_universe_is_with_ubuntu_pro_attached(self) -> None:
        self.assertIsNone(why_not(BROKER, NOBLE + ESM))
        # The source alone is not enough: upgrades by themselves must be allowed to take from it.
        self.assertIsNotNone(why_not(BROKER, NOBLE + ESM, DUMP.replace("ESMApps", "ESMNothing")))

    def test_esms_own_build_is(self) -> None:
        build = BROKER.replace("2.0.18-1build3", "2.0.18-1ubuntu0.1~esm1").replace(
            f"{MIRROR} noble/universe", "https://esm.ubuntu.com/apps/ubuntu noble-apps-security/main"
        )
        self.assertIsNone(why_not(build, NOBLE + ESM))

    def test_a_ppa_is_not_unless_it_is_allowed_and_a_security_archive(self) -> None:
        build = BROKER.replace(
            f"{MIRROR} noble/universe", "https://ppa.launchpadcontent.net/mosquitto-dev/mosquitto-ppa/ubuntu noble/main"
        )
        self.assertEqual(
            why_not(build, NOBLE + PPA),
            "unattended-upgrades may not take from its origin, LP-PPA-mosquitto-dev-mosquitto-ppa",
        )

    def test_a_version_that_its_archive_dropped_is_judged_by_the_newer_ones(self) -> None:
        dropped = OPENSSL.replace(" *** 3.0.13-0ubuntu3.16 500", "     3.0.13-0ubuntu3.16 500").replace(
            "  Version table:\n", "  Version table:\n *** 3.0.13-0ubuntu3.11 100\n        100 /var/lib/dpkg/status\n"
        )
        self.assertIsNone(why_not(dropped))

    def test_what_is_not_installed_is_not_judged_and_what_came_by_hand_is_said(self) -> None:
        self.assertIsNone(why_not("  Installed: (none)\n  Candidate: 1\n  Version table:\n     1 500\n"))
        by_hand = "  Installed: 9\n  Candidate: 9\n  Version table:\n *** 9 100\n        100 /var/lib/dpkg/status\n"
        self.assertEqual(why_not(by_hand), "it is in no archive that this machine knows")


class Debian(unittest.TestCase):
    def test_its_main_is_reached_by_label(self) -> None:
        mirror = "http://deb.debian.org/debian-security bookworm-security/main"
        policy = source(mirror, "v=12,o=Debian,a=oldstable-security,n=bookworm-security,l=Debian-Security,c=main")
        package = f"  Installed: 1\n  Version table:\n *** 1 500\n        500 {mirror} amd64 Packages\n"
        pattern = "origin=Debian,codename=${distro_codename}-security,label=Debian-Security"
        dump = f'Unattended-Upgrade::Origins-Pattern:: "{pattern}";\n'
        patterns = upgrades.read_patterns(dump, {"ID": "debian", "VERSION_CODENAME": "bookworm"})
        self.assertEqual(patterns, [{"o": "Debian", "n": "bookworm-security", "l": "Debian-Security"}])
        sources = upgrades.read_sources(policy)
        self.assertIsNone(upgrades.why_not(package, sources, patterns))
        self.assertIsNotNone(upgrades.why_not(package, sources, [{"o": "Debian", "n": "bookworm-updates"}]))
