// Where no webhook may lead: two hundred hostile URLs and answers of DNS, each refused with a reason.
import { describe, expect, test, vi } from 'vitest';
import { AddressRefused, type AddressRules, checkUrl, findTarget, NameNotFound } from './address.ts';

const OWN = vi.hoisted(() => ({ ipv4: '93.184.215.99', ipv6: '2606:2800:21f::99' }));
vi.mock('node:os', () => ({ networkInterfaces: () => ({ eth0: Object.values(OWN).map((address) => ({ address })) }) }));

const answering = (...addresses: string[]): AddressRules => ({
  ownHosts: ['mqtt.platform.example', 'functions.platform.example'],
  allowLoopback: false,
  resolve: async () => addresses,
});

const reach = async (url: string, rules: AddressRules) => findTarget(checkUrl(url, rules), rules);

/** IPv4 addresses that are not on the internet: of each range the first, one inside, and the last. */
const HOSTILE_IPV4 = [
  ['0.0.0.0', '0.0.0.1', '0.255.255.255'],
  ['10.0.0.0', '10.1.2.3', '10.255.255.255'],
  ['100.64.0.0', '100.100.100.200', '100.127.255.255'],
  ['127.0.0.1', '127.1.2.3', '127.255.255.255'],
  ['169.254.0.0', '169.254.169.254', '169.254.170.2', '169.254.255.255'],
  ['172.16.0.0', '172.20.1.1', '172.31.255.255'],
  ['192.0.0.0', '192.0.0.192', '192.0.2.1', '192.88.99.1'],
  ['192.168.0.0', '192.168.1.1', '192.168.255.255'],
  ['198.18.0.0', '198.19.255.255', '198.51.100.1', '203.0.113.1'],
  ['224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.254', '255.255.255.255'],
  ['168.63.129.16'],
].flat();

const dotless = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const octets = (address: string) => address.split('.').map(Number);
const hexGroups = (address: string) => {
  const [a = 0, b = 0, c = 0, d = 0] = octets(address);
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
};

/** The same in IPv6: mapped, translated (NAT64), tunnelled (6to4, Teredo, ISATAP-like), and IPv6's own ranges. */
const IPV6_RANGES = `
  :: ::1 fe80::1 febf::1 fec0::1 fc00::1 fd00:ec2::254 fdff::1 ff02::1 ff0e::1 100::1
  2001:db8::1 3fff::1 2001:2::1 2001:10::1 2001:20::1 4000::1 5f00::1 8000::1 e000::1`;
const HOSTILE_IPV6 = ['127.0.0.1', '10.1.2.3', '169.254.169.254', '192.168.1.1']
  .flatMap((address) => [
    `::ffff:${address}`,
    `::ffff:${hexGroups(address)}`,
    `::ffff:0:${hexGroups(address)}`,
    `64:ff9b::${hexGroups(address)}`,
    `64:ff9b:1::${hexGroups(address)}`,
    `2002:${hexGroups(address)}::1`,
    `2001:0:${hexGroups(address)}::1`,
    `::${hexGroups(address)}`,
  ])
  .concat(IPV6_RANGES.trim().split(/\s+/));

/** An IPv4 address as a host in each way that some program reads. */
const spellings = (address: string) => {
  const [a, b, c, d] = octets(address) as [number, number, number, number];
  return [
    address,
    String(dotless(address)),
    `0x${dotless(address).toString(16).padStart(8, '0')}`,
    octets(address)
      .map((part) => `0${part.toString(8)}`)
      .join('.'),
    octets(address)
      .map((part) => `0x${part.toString(16)}`)
      .join('.'),
    `${a}.${b}.${c * 256 + d}`,
    `${a}.${b * 65_536 + c * 256 + d}`,
    `${address}.`,
    `[::ffff:${address}]`,
  ];
};

const HOSTILE_NAMES = `
  localhost LOCALHOST localhost. a.localhost metadata metadata.google.internal printer.local router.lan nas.home a.corp
  db.intranet x.internal 1.0.0.127.in-addr.arpa mqtt.platform.example functions.platform.example
  FUNCTIONS.platform.example hooks.example.com. １２７.０.０.１ ①②⑦.0.0.1`;
const HOSTILE_URLS = ['127.0.0.1', '10.1.2.3', '169.254.169.254', '192.168.1.1', '100.64.0.1', '203.0.114.5']
  .flatMap(spellings)
  .concat(HOSTILE_IPV6.slice(0, 24).map((address) => `[${address}]`))
  .concat(HOSTILE_NAMES.trim().split(/\s+/))
  .map((host) => `https://${host}/`)
  .concat([
    'http://hooks.example.com/',
    'ftp://hooks.example.com/',
    'file:///etc/passwd',
    'gopher://hooks.example.com/',
    'javascript:alert(1)',
    'https://',
    'not a url',
    '//hooks.example.com/',
    'https://user@hooks.example.com/',
    'https://user:password@hooks.example.com/',
    'https://hooks.example.com@127.0.0.1/',
    'https://hooks.example.com:80/',
    'https://hooks.example.com:22/',
    'https://hooks.example.com:8443/',
    'https://hooks.example.com:65536/',
    'https://hooks.example.com\\@127.0.0.1/',
    'https://127.0.0.1#@hooks.example.com/',
    'https://127.0.0.1?hooks.example.com',
  ]);

test('the lists have at least two hundred members', () => {
  expect(new Set([...HOSTILE_URLS, ...HOSTILE_IPV4, ...HOSTILE_IPV6]).size).toBeGreaterThanOrEqual(200);
});

describe('is refused, with a reason', () => {
  // The name itself is public: what is refused is not a failure to find it.
  test.each(HOSTILE_URLS)('the URL %s', (url) => {
    expect(() => checkUrl(url, answering('93.184.215.14'))).toThrow(AddressRefused);
  });

  test.each([...HOSTILE_IPV4, ...HOSTILE_IPV6])('a name with the address %s', async (address) => {
    const refused = reach('https://hooks.example.com/x', answering(address));
    await expect(refused).rejects.toThrow(AddressRefused);
    await expect(refused).rejects.toThrow(address);
  });

  test('a name that has a public address beside a hostile one', async () => {
    const mixed = answering('93.184.215.14', '10.0.0.1');
    await expect(reach('https://hooks.example.com/', mixed)).rejects.toThrow(
      '10.0.0.1, which is not on the internet (private)',
    );
  });

  test.each(Object.values(OWN))('the public address of this machine, %s', async (address) => {
    await expect(reach('https://hooks.example.com/', answering(address))).rejects.toThrow(
      "which is the platform's own",
    );
  });
});

test('a host on the internet is found, by IPv4 where it has both', async () => {
  const target = await reach('https://hooks.example.com:443/x?token=1', answering('2606:2800:21f::1', '93.184.215.14'));
  expect(target).toMatchObject({ address: '93.184.215.14', family: 4 });
  expect(await reach('https://hooks.example.com/', answering('2606:2800:21f::1'))).toMatchObject({ family: 6 });
});

test('a name is looked up once, so that DNS cannot change its mind', async () => {
  const answers = [['93.184.215.14'], ['127.0.0.1']];
  const rules = { ...answering(), resolve: async () => answers.shift() ?? [] };
  expect(await reach('https://hooks.example.com/', rules)).toMatchObject({ address: '93.184.215.14' });
  expect(answers).toHaveLength(1);
});

test('a name without an address may have one later', async () => {
  await expect(reach('https://hooks.example.com/', answering())).rejects.toThrow(NameNotFound);
});

test('loopback is allowed where the settings say so, and nothing else with it', async () => {
  const here = { ...answering('127.0.0.1'), allowLoopback: true };
  expect(await reach('https://localhost:8443/', here)).toMatchObject({ address: '127.0.0.1' });
  for (const url of ['https://10.0.0.1/', 'https://hooks.example.com:8443/', 'http://localhost/']) {
    expect(() => checkUrl(url, here)).toThrow(AddressRefused);
  }
  await expect(reach('https://hooks.example.com/', { ...here, resolve: async () => ['10.0.0.1'] })).rejects.toThrow(
    AddressRefused,
  );
});
