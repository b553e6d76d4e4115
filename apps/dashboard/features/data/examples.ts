// Programs that read with an API token, as the page shows them. Each takes the token from the environment: a command line is read by
// others, and a shell remembers it.

/** Where the API is. */
export interface ApiPlace {
  supabaseUrl: string;
  publishableKey: string;
}

/** The day's readings of a device, as JSON. */
export const curlCommand = ({ supabaseUrl, publishableKey }: ApiPlace, device: string): string =>
  `printf 'X-Api-Token: %s' "$MQTT_SAAS_TOKEN" |
  curl --fail-with-body -sS '${supabaseUrl}/rest/v1/rpc/read_readings' \\
    -H 'apikey: ${publishableKey}' -H @- \\
    -H 'Content-Type: application/json' -d '{"device": "${device}"}'
`;

/** Every reading of a device since a time, page by page. The standard library is enough. */
export const pythonProgram = ({ supabaseUrl, publishableKey }: ApiPlace, device: string): string =>
  `import json, os, time, urllib.error, urllib.request
from datetime import datetime, timedelta, timezone

API = "${supabaseUrl}/rest/v1/rpc/"
HEADERS = {
    "apikey": "${publishableKey}",
    "X-Api-Token": os.environ["MQTT_SAAS_TOKEN"],
    "Content-Type": "application/json",
}

def ask(function, **arguments):
    request = urllib.request.Request(API + function, json.dumps(arguments).encode(), HEADERS)
    while True:
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code != 429:
                raise SystemExit(error.read().decode())
            time.sleep(5)  # used 60 times in this minute

since = datetime.now(timezone.utc) - timedelta(days=1)
page = {"device": "${device}", "since": since.isoformat()}
while rows := ask("read_readings", **page):
    for row in rows:
        print(row["ts"], json.dumps(row["payload"]))
    page |= {"since": rows[-1]["ts"], "after": rows[-1]["message_id"]}
`;

/** The same for Node.js 20 or newer; a file named \`readings.mjs\`. */
export const nodeProgram = ({ supabaseUrl, publishableKey }: ApiPlace, device: string): string =>
  `const headers = {
  apikey: '${publishableKey}',
  'X-Api-Token': process.env.MQTT_SAAS_TOKEN,
  'Content-Type': 'application/json',
};

async function ask(name, args) {
  const url = '${supabaseUrl}/rest/v1/rpc/' + name;
  for (;;) {
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(args) });
    if (answer.ok) return answer.json();
    if (answer.status !== 429) throw new Error(await answer.text());
    await new Promise((go) => setTimeout(go, 5000)); // used 60 times in this minute
  }
}

let page = { device: '${device}', since: new Date(Date.now() - 86_400_000).toISOString() };
for (;;) {
  const rows = await ask('read_readings', page);
  for (const row of rows) console.log(row.ts, JSON.stringify(row.payload));
  const last = rows.at(-1);
  if (!last) break;
  page = { ...page, since: last.ts, after: last.message_id };
}
`;
