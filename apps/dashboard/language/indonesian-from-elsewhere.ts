// Texts that the dashboard gets in English, from the database and from programs, in Indonesian. `{…}` stands for a value; the first
// text that fits is taken. What is not here is shown as it came.
import { ALERT_TEXTS } from '../../../domain/alert-texts.ts';

/** What entries of the audit log are about. */
const SUBJECTS = {
  Alert: 'Peringatan',
  'Alert rule': 'Aturan peringatan',
  'Api token': 'Token API',
  'Archive request': 'Permintaan arsip',
  Command: 'Perintah',
  Deletion: 'Penghapusan',
  Device: 'Perangkat',
  'Device key': 'Kunci perangkat',
  'Field name': 'Nama field',
  'Former topic': 'Topik lama',
  Invitation: 'Undangan',
  Limit: 'Batas',
  Limits: 'Batas',
  Member: 'Anggota',
  'Notification channel': 'Kanal notifikasi',
  'Notification route': 'Rute notifikasi',
  'Question settings': 'Pengaturan pertanyaan',
  'Reading rules': 'Aturan pembacaan',
  Retention: 'Masa simpan',
  Tenant: 'Tenant',
};
const ACTIONS = Object.entries(SUBJECTS).flatMap(([subject, translated]) => [
  [`${subject} created`, `${translated} dibuat`],
  [`${subject} changed`, `${translated} diubah`],
  [`${subject} deleted`, `${translated} dihapus`],
]);

export const TEXTS = {
  'Question sent': 'Pertanyaan dikirim',
  'Dead letters redrive requested': 'Proses ulang pesan tak tersimpan diminta',
  'Dead letters discarded': 'Pesan tak tersimpan dibuang',
  'Desired state changed': 'Keadaan yang diinginkan diubah',
  Opened: 'Dibuka',
  Resolved: 'Selesai',
  Digest: 'Rangkuman',
  '{text} commands wait for {device}, the limit is {most}.':
    '{text} perintah menunggu untuk {device}, batasnya {most}.',
  "Wait until they are sent or expire, or ask the platform's operator for more.":
    'Tunggu sampai terkirim atau kedaluwarsa, atau mintalah lebih banyak kepada operator platform.',
  '{count} devices at once.': '{count} perangkat sekaligus.',
  'Send 1 to 1000 ids at a time.': 'Kirim 1 sampai 1000 id sekaligus.',
  '{email} is a member already.': '{email} sudah menjadi anggota.',
  "Change the member's role instead.": 'Ubah saja peran anggota itu.',
  "A channel's mail address cannot be changed.": 'Alamat email sebuah kanal tidak dapat diubah.',
  'Add another channel, and delete this one.': 'Tambahkan kanal lain, lalu hapus yang ini.',
  'A command is a JSON object of at most 64 KiB.': 'Perintah adalah objek JSON paling besar 64 KiB.',
  'Send an object such as {object}.': 'Kirim objek seperti {object}.',
  'A desired state is a JSON object of at most 8 KiB.': 'Keadaan yang diinginkan adalah objek JSON paling besar 8 KiB.',
  'A rule is not allowed.': 'Ada aturan yang tidak diizinkan.',
  'Use at most 8 members of 1 to 64 letters, digits and "_.:@-", and a repeat of 0 to 60000 ms.':
    'Gunakan paling banyak 8 nama properti, masing-masing 1 sampai 64 huruf, angka, dan "_.:@-", serta pengulangan 0 sampai 60000 ms.',
  'A tenant with the slug "{slug}" is being deleted.': 'Tenant dengan slug "{slug}" sedang dihapus.',
  'An import is a list of 1 to 1000 devices, of at most 4 MiB.':
    'Satu impor memuat 1 sampai 1000 perangkat, paling besar 4 MiB.',
  'Import the file in parts.': 'Impor berkasnya sebagian demi sebagian.',
  'No rule was judged.': 'Tidak ada aturan yang dinilai.',
  'Another evaluation is under way. Try again.': 'Penilaian lain sedang berjalan. Coba lagi.',
  'Since is not before until.': 'Waktu mulai tidak sebelum waktu akhir.',
  'Give two times, the earlier first.': 'Isi dua waktu, yang lebih awal dulu.',
  "The channel's secrets are not sealed.": 'Rahasia kanal tidak dienkripsi.',
  'Enter its settings on the dashboard, which seals them.': 'Isi pengaturannya di dasbor, yang mengenkripsinya.',
  "The channel's secrets are sealed for a key that is not in use.":
    'Rahasia kanal dienkripsi untuk kunci yang tidak dipakai.',
  'Reload the page and enter them again.': 'Muat ulang halaman dan isi lagi.',
  'The device "{slug}" would have more than 16 tags.': 'Perangkat "{slug}" akan memiliki lebih dari 16 tag.',
  'Remove tags that are not needed. Nothing was changed.': 'Hapus tag yang tidak diperlukan. Tidak ada yang diubah.',
  "The device is another tenant's.": 'Perangkat ini milik tenant lain.',
  'The last owner cannot leave or become something else.': 'Pemilik terakhir tidak dapat keluar atau berganti peran.',
  'Make another member owner first.': 'Jadikan anggota lain pemilik dulu.',
  'The name is not allowed.': 'Nama ini tidak diizinkan.',
  'Use 1 to 200 characters, without control characters, line breaks or spaces at the ends.':
    'Gunakan 1 sampai 200 karakter, tanpa karakter kontrol, ganti baris, atau spasi di ujungnya.',
  'Use 1 to 200 characters.': 'Gunakan 1 sampai 200 karakter.',
  'The name, unit or decimals are not allowed.': 'Nama, satuan, atau desimalnya tidak diizinkan.',
  'The reader of this address has refused mails of this tenant.':
    'Penerima di alamat ini telah menolak email dari tenant ini.',
  "Use another address, or ask the platform's operator.":
    'Gunakan alamat lain, atau tanyakan kepada operator platform.',
  'The slug is not allowed.': 'Slug ini tidak diizinkan.',
  'The slug "{slug}" is not allowed.': 'Slug "{slug}" tidak diizinkan.',
  'Use 1 to 63 of a-z, 0-9 and "-", not beginning with "-".':
    'Gunakan 1 sampai 63 karakter a-z, 0-9, dan "-", tidak diawali "-".',
  'The tags are not allowed.': 'Tag ini tidak diizinkan.',
  'Use at most 16 tags, each of 1 to 32 of a-z, 0-9, "_", ".", ":" and "-", beginning with a letter or digit.':
    'Gunakan paling banyak 16 tag, masing-masing 1 sampai 32 karakter a-z, 0-9, "_", ".", ":", dan "-", diawali huruf atau angka.',
  'The template is missing, or not allowed.': 'Templat tidak ada, atau tidak diizinkan.',
  'The template is not allowed.': 'Templat tidak diizinkan.',
  'A chat channel has a template: a JSON object of at most 4 KiB.':
    'Kanal chat memiliki templat: objek JSON paling besar 4 KiB.',
  'The tenant has names for 500 fields already.': 'Tenant ini sudah memiliki nama untuk 500 field.',
  'Take the name, unit and decimals off a field that is not used any more.':
    'Kosongkan nama, satuan, dan desimal field yang tidak dipakai lagi.',
  "The window of {minutes} minutes is too long, this tenant's limit is {most}.":
    'Jendela {minutes} menit terlalu panjang, batas tenant ini {most}.',
  "Use a shorter window, or ask the platform's operator for more.":
    'Gunakan jendela yang lebih pendek, atau mintalah lebih banyak kepada operator platform.',
  'There is a channel to this address.': 'Sudah ada kanal ke alamat ini.',
  'Use that one.': 'Gunakan yang itu.',
  'There is a device "{slug}" already.': 'Sudah ada perangkat "{slug}".',
  'Choose another slug, or give the device a new key.': 'Pilih slug lain, atau beri perangkat itu kunci baru.',
  'Leave it out of the import, or choose another slug. Nothing was added.':
    'Keluarkan dari impor, atau pilih slug lain. Tidak ada yang ditambahkan.',
  'There is no such {thing}.': '{thing} itu tidak ada.',
  'It may have been removed, or you are not a member of its tenant.':
    'Mungkin sudah dihapus, atau Anda bukan anggota tenant-nya.',
  'They may have left already.': 'Mungkin sudah keluar.',
  'There is no such time zone.': 'Zona waktu itu tidak ada.',
  'Use a name such as Europe/Berlin, or UTC.': 'Gunakan nama seperti Asia/Jakarta, atau UTC.',
  'This account has a second factor, and this session was opened without it.':
    'Akun ini memiliki faktor kedua, dan sesi ini dibuka tanpanya.',
  'Sign in again, and enter the code of your authenticator app.':
    'Masuklah lagi, dan isi kode dari aplikasi autentikator Anda.',
  'This account is blocked.': 'Akun ini diblokir.',
  "Ask the platform's operator.": 'Tanyakan kepada operator platform.',
  'This address has been asked for 5 confirmations today, which is the limit.':
    'Alamat ini sudah diminta 5 kali konfirmasi hari ini, yaitu batasnya.',
  'Look for the mail there, or try again tomorrow.': 'Cari emailnya di sana, atau coba lagi besok.',
  'This channel is switched off, or not confirmed.': 'Kanal ini nonaktif, atau belum dikonfirmasi.',
  'Switch it on, or open the link in the mail that was sent to it.':
    'Aktifkan, atau buka tautan dalam email yang dikirim ke sana.',
  'This channel waits for no confirmation.': 'Kanal ini tidak menunggu konfirmasi.',
  'It is confirmed, or the reader of its mails refused them.':
    'Kanal sudah dikonfirmasi, atau penerimanya menolak emailnya.',
  'This invitation is for another e-mail address.': 'Undangan ini untuk alamat email lain.',
  'Sign in with the address it was made for.': 'Masuklah dengan alamat yang dituju undangan ini.',
  'This invitation is not valid.': 'Undangan ini tidak berlaku.',
  'It may have been used, revoked or have expired. Ask for a new one.':
    'Mungkin sudah dipakai, dicabut, atau kedaluwarsa. Mintalah yang baru.',
  'This is not a host.': 'Ini bukan host.',
  'Use the host of the URL, such as hooks.example.com.': 'Gunakan host dari URL-nya, misalnya hooks.example.com.',
  'This is not a mail address.': 'Ini bukan alamat email.',
  'Use an address such as name@example.com.': 'Gunakan alamat seperti nama@example.com.',
  'This is not an e-mail address.': 'Ini bukan alamat email.',
  'Check the spelling.': 'Periksa ejaannya.',
  "This is not the device's slug.": 'Ini bukan slug perangkat tersebut.',
  'Type the slug as it is shown.': 'Ketik slug seperti yang ditampilkan.',
  "This is not the tenant's name.": 'Ini bukan nama tenant tersebut.',
  'Type the name as it is shown.': 'Ketik nama seperti yang ditampilkan.',
  'This is not your e-mail address.': 'Ini bukan alamat email Anda.',
  'Type the address that you signed in with.': 'Ketik alamat yang Anda pakai untuk masuk.',
  'This route is not allowed.': 'Rute ini tidak diizinkan.',
  'This rule cannot be tried.': 'Aturan ini tidak dapat dicoba.',
  'This session has ended.': 'Sesi ini telah berakhir.',
  'Sign in again.': 'Masuklah lagi.',
  'This tenant has {count} API tokens, its limit is 10.': 'Tenant ini memiliki {count} token API, batasnya 10.',
  'Revoke one that is not needed. Expired ones count too.':
    'Cabut yang tidak diperlukan. Yang kedaluwarsa juga dihitung.',
  'This tenant has {count} devices, as many as it may have.':
    'Tenant ini memiliki {count} perangkat, sebanyak yang diizinkan.',
  "Delete one that is not used, or ask the platform's operator for more.":
    'Hapus yang tidak dipakai, atau mintalah lebih banyak kepada operator platform.',
  'This tenant has {count} {things}, its limit is {most}.': 'Batas {things} tenant ini {most}; saat ini ada {count}.',
  "Remove what is not needed, or ask the platform's operator for more.":
    'Hapus yang tidak diperlukan, atau mintalah lebih banyak kepada operator platform.',
  'This tenant has asked for 20 confirmations today, which is the limit.':
    'Tenant ini sudah meminta 20 konfirmasi hari ini, yaitu batasnya.',
  'Try again tomorrow.': 'Coba lagi besok.',
  'This tenant has sent 10 tests within an hour, which is the limit.':
    'Tenant ini sudah mengirim 10 uji coba dalam satu jam, yaitu batasnya.',
  'Wait, and try again.': 'Tunggu, lalu coba lagi.',
  'With this one, commands of {bytes} bytes would wait for {device}, the limit is {most}.':
    'Dengan yang ini, perintah sebesar {bytes} byte akan menunggu untuk {device}, batasnya {most}.',
  "Send a shorter one, wait until others are sent or expire, or ask the platform's operator for more.":
    'Kirim yang lebih pendek, tunggu sampai yang lain terkirim atau kedaluwarsa, atau mintalah lebih banyak kepada operator platform.',
  'You are a member already.': 'Anda sudah menjadi anggota.',
  'An owner can change your role.': 'Pemilik dapat mengubah peran Anda.',
  'You are the only owner of {tenants}.': 'Anda satu-satunya pemilik {tenants}.',
  'Make another member owner there, or delete the tenant, and come back when that is done.':
    'Jadikan anggota lain pemilik di sana, atau hapus tenant itu, lalu kembali setelah selesai.',
  'You have {things} in the last 24 hours, the limit is {most}.':
    'Anda memiliki {things} dalam 24 jam terakhir, batasnya {most}.',
  "Wait, or ask the platform's operator for more.": 'Tunggu, atau mintalah lebih banyak kepada operator platform.',
  'You have asked for 20 slugs that are not available, the limit of a day.':
    'Anda sudah meminta 20 slug yang tidak tersedia, yaitu batas sehari.',
  "Try again tomorrow, or ask the platform's operator.": 'Coba lagi besok, atau tanyakan kepada operator platform.',
  'Your role in this tenant does not allow this.': 'Peran Anda dalam tenant ini tidak mengizinkannya.',
  'Your role in this tenant, {role}, does not allow this.':
    'Peran Anda dalam tenant ini, {role}, tidak mengizinkannya.',
  'Needed: owner or staff. An owner can change your role.':
    'Diperlukan: pemilik atau staf. Pemilik dapat mengubah peran Anda.',
  'Your sign-in has no e-mail address.': 'Akun masuk Anda tidak memiliki alamat email.',
  'Sign in with an e-mail address.': 'Masuklah dengan alamat email.',
  'Connections with a wrong key': 'Koneksi dengan kunci yang salah',
  'Connections of devices that are not registered, or disabled':
    'Koneksi perangkat yang tidak terdaftar atau dinonaktifkan',
  'Messages to no channel of the platform, kept as dead letters':
    'Pesan ke topik yang bukan kanal platform, ditampung sebagai pesan tak tersimpan',
  'Messages that are too large': 'Pesan yang terlalu besar',
  'Messages to topics that are not the device’s own': 'Pesan ke topik yang bukan milik perangkat',
  'Subscriptions that a device may not have': 'Langganan (subscribe) yang tidak diizinkan untuk perangkat',
  'Wills: the platform sends none': 'Pesan will: platform tidak mengirimnya',
  'Devices cut off because the tenant sends faster than its rate':
    'Perangkat diputus karena tenant mengirim lebih cepat dari lajunya',
  'Connections beyond what the tenant may have': 'Koneksi melebihi yang diizinkan untuk tenant',
  'Messages refused because the platform’s queue was full': 'Pesan ditolak karena antrean platform penuh',
  'Connections that ended within seconds and brought nothing: QoS 2, a packet that is too large, or a bad network':
    'Koneksi yang berakhir dalam beberapa detik tanpa membawa apa pun: QoS 2, paket yang terlalu besar, atau jaringan yang buruk',
  readings: 'pembacaan',
  'over quota': 'melebihi kuota',
  'dead letters': 'pesan tak tersimpan',
  alerts: 'peringatan',
  notifications: 'notifikasi',
  commands: 'perintah',
  'AI tokens': 'token AI',
  '1 to 32 of a-z, 0-9, "_", ".", ":" and "-", beginning with a letter or digit':
    '1 sampai 32 karakter a-z, 0-9, "_", ".", ":", dan "-", diawali huruf atau angka',
  'The file has {count} characters. Split it: {most} are allowed.':
    'Berkas ini berisi {count} karakter. Bagilah: {most} diizinkan.',
  'The file is empty. Begin it with the line "slug,name,tags".':
    'Berkas ini kosong. Awali dengan baris "slug,name,tags".',
  'There is no column "{column}". Begin the file with the line "slug,name,tags".':
    'Kolom "{column}" tidak ada. Awali berkasnya dengan baris "slug,name,tags".',
  'The column "{column}" is there twice. Remove one.': 'Kolom "{column}" ada dua kali. Hapus salah satunya.',
  'The column "slug" is missing. Add it: it names a device in topics.':
    'Kolom "slug" tidak ada. Tambahkan: kolom ini menamai perangkat dalam topik.',
  'There is no device below the head. Add a line for each.':
    'Tidak ada perangkat di bawah baris judul. Tambahkan satu baris untuk setiap perangkat.',
  'The file has {count} devices. Split it: an import has at most {most}.':
    'Berkas ini berisi {count} perangkat. Bagilah: satu impor paling banyak {most}.',
  '{count} values, but the head has {columns} columns. Put quotation marks around a value with a comma in it.':
    'Ada {count} nilai, tetapi baris judul memiliki {columns} kolom. Beri tanda kutip pada nilai yang berisi koma.',
  'slug: "{slug}" is on line {line}, too. Remove one, or choose another slug.':
    'slug: "{slug}" juga ada di baris {line}. Hapus salah satunya, atau pilih slug lain.',
  'slug: {slug} is not allowed. Use 1 to {most} of a-z, 0-9 and "-", not beginning with "-".':
    'slug: {slug} tidak diizinkan. Gunakan 1 sampai {most} karakter a-z, 0-9, dan "-", tidak diawali "-".',
  'name: {name} is not allowed. Use 1 to {most} characters, without control characters or line breaks.':
    'name: {name} tidak diizinkan. Gunakan 1 sampai {most} karakter, tanpa karakter kontrol atau ganti baris.',
  'tags: {tag} is not allowed. Use {rule}.': 'tags: {tag} tidak diizinkan. Gunakan {rule}.',
  'tags: there are {count}. A device has at most {most}.':
    'tags: ada {count}. Satu perangkat paling banyak memiliki {most}.',
  'the payload has no bytes': 'payload kosong',
  'the payload has only space': 'payload hanya berisi spasi',
  'the payload is not UTF-8 text': 'payload bukan teks UTF-8',
  'the payload is not JSON: {hint}': 'payload bukan JSON: {hint}',
  'the payload has {count} bytes; at most {most} are stored':
    'payload {count} byte; paling banyak {most} yang disimpan',
  'expected a JSON object, got {what}; a single value is published to telemetry/<field>':
    'seharusnya objek JSON, tetapi yang diterima {what}; nilai tunggal dikirim ke telemetry/<field>',
  'a SenML pack is an array, got {what}': 'paket SenML adalah larik, tetapi yang diterima {what}',
  'the SenML pack holds no values': 'paket SenML tidak berisi nilai',
  'SenML is read as JSON only: send application/senml+json':
    'SenML hanya dibaca sebagai JSON: kirim application/senml+json',
  'the array holds no readings': 'larik tidak berisi pembacaan',
  'the array holds {count} readings; at most {most} are stored':
    'larik berisi {count} pembacaan; paling banyak {most} yang disimpan',
  'reading {number} of {count}: {detail}': 'pembacaan {number} dari {count}: {detail}',
  '{count} readings of this message; the first, number {number}: {detail}':
    '{count} pembacaan dari pesan ini; yang pertama, nomor {number}: {detail}',
  'a number is beyond what a double can hold (1e-308 to 1.79e308, and zero)':
    'ada angka di luar jangkauan double (1e-308 sampai 1,79e308, dan nol)',
  'a number has more than {most} digits after the point': 'ada angka dengan lebih dari {most} digit di belakang koma',
  'a string holds half of a surrogate pair': 'ada teks yang berisi separuh pasangan surrogate',
  'a text in the CBOR is not UTF-8': 'ada teks dalam CBOR yang bukan UTF-8',
  'arrays and maps are nested too deep': 'larik dan map bersarang terlalu dalam',
  'objects and arrays are nested more than {most} levels deep': 'objek dan larik bersarang lebih dari {most} tingkat',
  'as JSON it has more than the {most} bytes that are stored':
    'sebagai JSON lebih dari {most} byte yang dapat disimpan',
  'the content type says gzip; the payload is not one whole, undamaged gzip member':
    'tipe kontennya gzip; payload bukan satu member gzip yang utuh',
  'the gzip unpacks to more than the {most} bytes that are stored':
    'hasil ekstraksi gzip ini lebih dari {most} byte yang dapat disimpan',
  'published to "{topic}": readings go to telemetry or telemetry/<field> below the device\'s prefix':
    'dikirim ke "{topic}": pembacaan dikirim ke telemetry atau telemetry/<field> di bawah prefiks perangkat',
  'This tenant has used what it may spend on questions today.':
    'Tenant ini sudah memakai anggaran pertanyaannya hari ini.',
  'This tenant has used what it may spend on questions this month.':
    'Tenant ini sudah memakai anggaran pertanyaannya bulan ini.',
  'The platform has used what it may spend on questions this month.':
    'Platform sudah memakai anggaran pertanyaannya bulan ini.',
  'Questions are off for this tenant.': 'Pertanyaan nonaktif untuk tenant ini.',
  'An owner can switch them on in the settings.': 'Pemilik dapat mengaktifkannya di pengaturan.',
  'The same is being asked at this moment.': 'Pertanyaan yang sama sedang diajukan saat ini.',
  'Ask again in a minute.': 'Tanya lagi sebentar lagi.',
  'One question is more than may be spent on questions.': 'Satu pertanyaan saja melebihi anggaran pertanyaan.',
  "The platform's operator can raise the cap.": 'Operator platform dapat menaikkan batasnya.',
  'What was answered before can still be asked.': 'Yang sudah dijawab sebelumnya masih dapat ditanyakan.',
  'The facts could not be read.': 'Faktanya tidak dapat dibaca.',
  'No model is configured.': 'Tidak ada model yang dikonfigurasi.',
  'Try again in a minute.': 'Coba lagi sebentar lagi.',
  'These days cannot be asked for.': 'Rentang tanggal itu tidak dapat diminta.',
  'Give a first and a last day, at most 366 days.': 'Isi hari pertama dan hari terakhir, paling banyak 366 hari.',
  'Links have been asked for already.': 'Tautan sudah diminta.',
  'Wait until they are made.': 'Tunggu sampai dibuat.',
  'This tenant has asked for links 5 times in the last 24 hours.':
    'Tenant ini sudah meminta tautan 5 kali dalam 24 jam terakhir.',
  'Use the links that were made, or wait.': 'Gunakan tautan yang sudah dibuat, atau tunggu.',
  'Nothing is archived of these days.': 'Tidak ada arsip untuk rentang tanggal itu.',
  'See which months are archived; later readings are in the platform.':
    'Lihat bulan mana yang diarsipkan; pembacaan sesudahnya ada di platform.',
  'The archive has more than 1,000 files of these days.':
    'Arsip memiliki lebih dari 1.000 berkas untuk rentang tanggal itu.',
  'Ask for fewer days.': 'Minta lebih sedikit hari.',
  'Readings of this tenant stay for 1 to {most} days.': 'Pembacaan tenant ini disimpan selama 1 sampai {most} hari.',
  "Choose a number in that range. For more days, ask the platform's operator.":
    'Pilih angka dalam rentang itu. Untuk lebih banyak hari, tanyakan kepada operator platform.',
  'Two rules of this tenant are being tried.': 'Dua aturan tenant ini sedang dicoba.',
  'Try again in some seconds.': 'Coba lagi beberapa detik lagi.',
  'There is no such language.': 'Tidak ada bahasa seperti itu.',
  'Use en or id.': 'Gunakan en atau id.',
  ...ALERT_TEXTS,
};

export const FROM_ELSEWHERE: Readonly<Record<string, string>> = { ...TEXTS, ...Object.fromEntries(ACTIONS) };
