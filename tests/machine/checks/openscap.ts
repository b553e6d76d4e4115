// OpenSCAP's reports, by `npm run test:openscap`: every rule that fails is explained here, and every explanation is about a
// rule that fails. Two guides: the French agency's BP-028 for Debian 12, which the machine is here, and CIS level 1 for
// Ubuntu 24.04, which it is in Azure.
import { type Check, expect, type Machine } from '../machine.ts';

const GUIDES = '/usr/share/xml/scap/ssg/content';

/** A reason, and the rules that fail for it. */
type Explained = [reason: string, rules: string];

const NO_PASSWORD: Explained = [
  'no account has a password: Azure makes none, sshd takes keys only, and a password would not let anybody in',
  `accounts_password_pam_dcredit accounts_password_pam_lcredit accounts_password_pam_minclass accounts_password_pam_minlen
  accounts_password_pam_ocredit accounts_password_pam_ucredit accounts_passwords_pam_faillock_deny
  accounts_passwords_pam_faillock_unlock_time`,
];
const INIT_FILES: Explained = [
  'the home is closed to others (0750), so the mode of a file in it says nothing',
  'file_permission_user_init_files',
];
const TMP: Explained = ['/tmp is the test container\u2019s own mount', 'mount_option_tmp_noexec'];

const PROFILES: Record<string, { guide: string; asUbuntu: boolean; explained: Explained[] }> = {
  anssi_bp28_intermediary: {
    guide: 'ssg-debian12-ds.xml',
    asUbuntu: false,
    explained: [
      NO_PASSWORD,
      [
        NO_PASSWORD[0],
        `accounts_password_pam_unix_remember accounts_password_pam_unix_rounds_password_auth accounts_password_set_max_life_root
        accounts_passwords_pam_faillock_interval set_password_hashing_algorithm_logindefs`,
      ],
      [
        'one system disk of 30 GB without anything of value; the state has a disk of its own',
        `partition_for_boot partition_for_home partition_for_opt partition_for_srv partition_for_usr partition_for_var
        partition_for_var_log partition_for_var_tmp mount_option_nodev_nonroot_local_partitions`,
      ],
      [
        'members of sudo are administrators with every right; a restriction of their commands would be for show',
        `sudo_add_noexec sudo_add_requiretty sudo_add_umask sudoers_explicit_command_args sudoers_no_root_target`,
      ],
      INIT_FILES,
      TMP,
    ],
  },
  cis_level1_server: {
    guide: 'ssg-ubuntu2404-ds.xml',
    asUbuntu: true,
    explained: [
      NO_PASSWORD,
      [
        NO_PASSWORD[0],
        `account_disable_post_pw_expiration accounts_maximum_age_login_defs accounts_password_pam_dictcheck
        accounts_password_pam_difok accounts_password_pam_enforce_root accounts_password_pam_enforcing
        accounts_password_pam_maxrepeat accounts_password_pam_maxsequence accounts_password_pam_pwhistory_enabled
        accounts_password_pam_pwhistory_enforce_root accounts_password_pam_pwhistory_remember
        accounts_password_pam_pwhistory_use_authtok accounts_passwords_pam_faillock_enabled`,
      ],
      [
        'the container\u2019s kernel has no AppArmor, and no boot loader; Ubuntu\u2019s image has both',
        'all_apparmor_profiles_in_enforce_complain_mode grub2_enable_apparmor package_apparmor-utils_installed',
      ],
      [
        'Debian 12\u2019s package is older than the version that the rule asks for',
        'package_pam_modules_installed package_pam_runtime_installed',
      ],
      [
        'the files are 0640 of root and shadow, as the rule asks; it compares them with Ubuntu\u2019s number of the group',
        `file_groupowner_backup_etc_gshadow file_permissions_backup_etc_gshadow file_permissions_backup_etc_shadow
        file_permissions_etc_gshadow file_permissions_etc_shadow`,
      ],
      ['login shells get it from /etc/profile.d; a shell inside one inherits it', 'accounts_umask_etc_bashrc'],
      INIT_FILES,
      TMP,
    ],
  },
};

/** The guide for Ubuntu looks who it is on: these two files say so, in a mount namespace of the scan. */
const AS_UBUNTU = `
  printf 'DISTRIB_ID=Ubuntu\\nDISTRIB_RELEASE=24.04\\nDISTRIB_CODENAME=noble\\n' >/root/lsb-release
  sed 's/^ID=.*/ID=ubuntu/; s/^VERSION_ID=.*/VERSION_ID="24.04"/; s/^VERSION_CODENAME=.*/VERSION_CODENAME=noble/' /etc/os-release >/root/os-release
  touch /etc/lsb-release
  mount --bind /root/lsb-release /etc/lsb-release
  mount --bind /root/os-release /usr/lib/os-release;`;

async function scan({ exec }: Machine, profile: string): Promise<string> {
  const { guide, asUbuntu, explained } = PROFILES[profile]!;
  await exec('apt-get install --yes --quiet openscap-scanner ssg-debian ssg-debderived', { timeoutMs: 120_000 });
  const id = `xccdf_org.ssgproject.content_profile_${profile}`;
  const oscap = `${asUbuntu ? AS_UBUNTU : ''} oscap xccdf eval --profile ${id} ${GUIDES}/${guide}`;
  const { stdout, stderr } = await exec(`unshare -m sh -c '${oscap.replaceAll("'", "'\\''")}'`, { timeoutMs: 300_000 });
  const results = [...stdout.matchAll(/^Rule\s+\S*content_rule_(\S+)\s[\s\S]*?^Result\s+(\w+)/gm)];
  const of = (...kinds: string[]) => results.filter(([, , kind = '']) => kinds.includes(kind)).map(([, rule]) => rule!);
  const passed = of('pass');
  expect(passed.length > 30, `only ${passed.length} rules pass\n${stdout.slice(-500)}${stderr.slice(-500)}`);
  const failing = new Set(of('fail', 'error', 'unknown'));
  const known = new Set(explained.flatMap(([, rules]) => rules.split(/\s+/)));
  const fresh = [...failing].filter((rule) => !known.has(rule));
  const stale = [...known].filter((rule) => !failing.has(rule));
  expect(fresh.length === 0, `fail without an explanation: ${fresh.join(' ')}`);
  expect(stale.length === 0, `explained, and pass: ${stale.join(' ')}`);
  return `${passed.length} pass, ${failing.size} fail and are explained`;
}

export const checks: Check[] = Object.keys(PROFILES).map((profile) => ({
  name: `OpenSCAP, ${profile}: every rule that fails is explained`,
  run: (machine) => scan(machine, profile),
}));
