// What alerts say, as the database writes it, in Indonesian. `{…}` stands for a value, `{text1}` for a text that is translated, too; the first
// that fits is taken.

export const ALERT_TEXTS = {
  'no reading for {minutes} minutes': 'tidak ada pembacaan selama {minutes} menit',
  '{field} changed by {value} a minute, which is above {bound}': '{field} berubah {value} per menit, di atas {bound}',
  '{field} changed by {value} a minute, which is below {bound}': '{field} berubah {value} per menit, di bawah {bound}',
  '{field} was {value}, which is above {bound}': '{field} bernilai {value}, di atas {bound}',
  '{field} was {value}, which is below {bound}': '{field} bernilai {value}, di bawah {bound}',
  '{text1}, at last {value}': '{text1}, terakhir {value}',
  '{text1} for {count} minute': '{text1} selama {count} menit',
  '{text1} for {count} minutes': '{text1} selama {count} menit',
  '{text1} for {count} hour': '{text1} selama {count} jam',
  '{text1} for {count} hours': '{text1} selama {count} jam',
  '{text1} for {count} day': '{text1} selama {count} hari',
  '{text1} for {count} days': '{text1} selama {count} hari',
  '{text1} and {text2}': '{text1} dan {text2}',
  '{field} was above {bound}': '{field} di atas {bound}',
  '{field} was below {bound}': '{field} di bawah {bound}',
  '{field} was not "{value}"': '{field} bukan "{value}"',
  '{field} was "{value}"': '{field} bernilai "{value}"',
  '{field} contained "{value}"': '{field} berisi "{value}"',
};
