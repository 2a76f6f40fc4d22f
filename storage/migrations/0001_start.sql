-- The first schema. The comment above a table or column says to a citizen what it is, why it is
-- kept, how, and how long; the privacy page is made from these sentences, so they must stay true.
-- "Sealed" means encrypted with a key that lies outside this file. Times are milliseconds UTC.

-- Facts about the database itself, such as whether the right key was given.
create table meta (
    -- The name of the fact.
    name text primary key,
    -- Its value; a keyed fingerprint or a number, never anything about a person.
    value blob not null
) strict;

-- The officers, under a working name they chose themselves.
create table officers (
    -- A random number made by us.
    id text primary key,
    -- Which ward.
    ward text not null,
    -- The working name; officers see each other's.
    name text not null,
    -- Lead, officer, or independent contact.
    role text not null,
    -- How a child calls them: cô or chú.
    called text not null,
    -- 1 while on duty.
    duty integer not null,
    -- 1 when they work at a school: reports about school people are hidden from them.
    school integer not null,
    -- Since when.
    added integer not null
) strict;

-- Everybody who writes to us, residents and officers alike: one row for each address; deleted when nothing ties it to anything, 30 days after the last word.
create table people (
    -- A random number made by us; it says nothing about anybody.
    id text primary key,
    -- A keyed fingerprint of the address, so that we recognise who writes without storing it plainly; kept as long as the row.
    address_index blob not null unique,
    -- Sealed: where to send answers. It is never shown to officers.
    address blob not null,
    -- Through which door the person came (web, telegram, zalo, desk; drill or rehearsal when it is nobody); plain, so that answers find their way.
    channel text not null,
    -- 1 when nothing is ever pushed and the person comes to fetch (a web page).
    pull integer not null,
    -- Sealed: language, how to be spoken to, whose phone it is, and when it may light up.
    profile blob not null,
    -- The day on which they last wrote, without the hour, so that the row can be deleted; 0 when the tie to a report was cut since.
    seen integer not null,
    -- Which officer this address belongs to; empty for everybody else.
    officer text references officers (id) on delete set null
) strict;
create index people_officer on people (officer) where officer is not null;
create index people_seen on people (seen) where officer is null;
create index people_made on people (channel) where channel in ('drill', 'rehearsal');

-- The conversation as it stands, so that it goes on after a restart; a draft is deleted after a day.
create table talks (
    -- Whose conversation it is.
    person text not null references people (id) on delete cascade,
    -- As a resident, as an officer at work, or put away under a random name after leaving.
    side text not null,
    -- Sealed: the answers and words so far.
    body blob not null,
    -- 1 when it belongs to a report that was sent; then it is deleted with the report.
    settled integer not null,
    -- When the last word was said, so that drafts can be deleted in time.
    spoken integer not null,
    primary key (person, side)
) strict;
create index talks_drafts on talks (spoken) where settled = 0;

-- Which messages of the platforms were taken in already, so that a repeated delivery changes nothing; 48 hours.
create table inbox (
    -- A keyed fingerprint of the platform's message number; the number itself is not kept.
    event blob primary key,
    -- When it came.
    at integer not null
) strict;
create index inbox_at on inbox (at);

-- How often a person typed return words that fit no report; it slows down guessing and is deleted after an hour.
create table tries (
    -- Who typed.
    person text primary key references people (id) on delete cascade,
    -- Since when we count.
    since integer not null,
    -- How often.
    number integer not null
) strict;
create index tries_since on tries (since);

-- Lines of somebody who writes very fast, for the few seconds until they join their story in one piece; deleted then, or with the draft.
create table piles (
    -- The order in which they came.
    number integer primary key,
    -- A random number made by us.
    id text not null,
    -- Who wrote.
    person text not null references people (id) on delete cascade,
    -- To which of their conversations it belongs.
    side text not null,
    -- When it came.
    at integer not null,
    -- Sealed: the words, exactly as they were written.
    body blob not null
) strict;
create index piles_person on piles (person, side);

-- Messages the program failed on three times; the operator is told, and after 7 days they are deleted.
create table dead_letters (
    -- A random number made by us.
    id text primary key,
    -- When it came.
    at integer not null,
    -- Through which door it came.
    channel text not null,
    -- What kind of fault it was, by its technical name only.
    why text not null,
    -- Sealed: the message as it came, so that it can be rescued by hand.
    body blob not null
) strict;
create index dead_letters_at on dead_letters (at);

-- A report or a call for help. Only what is needed to find and order the work is plain. Deleted with everything that belongs to it when the ward's period after closing is over (`keep_days`).
create table cases (
    -- A random number made by us.
    id text primary key,
    -- Which ward it belongs to.
    ward text not null,
    -- The short code by which officers name it; it opens nothing.
    code text not null unique,
    -- Who it comes from: a person, a person before the ward had opened its doors (early), nobody because it is an exercise for officers (drill), or nobody because the program tries its own road (rehearsal; deleted within minutes).
    origin text not null,
    -- Where the work stands.
    status text not null,
    -- How urgent it is.
    priority text not null,
    -- What it is about, in one word from a list; typed words are sealed in `facts`.
    kind text not null,
    -- Whether a child or an adult is writing.
    voice text not null,
    -- When it began.
    opened integer not null,
    -- Who may see it: the officers' group, or only a contact outside it.
    route text not null,
    -- The residential group, when one was chosen from the ward's list; typed places are sealed.
    area text not null,
    -- The age band of the child, when one was chosen.
    age text not null,
    -- 1 when it is happening now.
    happening integer not null,
    -- 1 when a person chose the urgency; 0 when the program read it from the words.
    tapped integer not null,
    -- 1 when the reporter fell silent before the end.
    unfinished integer not null,
    -- 1 when the reporter said that they are safe.
    safe integer not null,
    -- 1 when whoever held the phone wanted to take it back: officers go carefully.
    caution integer not null,
    -- 1 when an officer has taken it from the most urgent level: closing it takes a second person all the same.
    lowered integer not null,
    -- 1 when it is hidden from officers who work at a school.
    school_hidden integer not null,
    -- When the reporter wrote last.
    last_words integer,
    -- Which officer has taken it on.
    claimed_by text,
    -- When it was taken on.
    claimed integer,
    -- When the reporter was first answered.
    answered integer,
    -- When it was closed; deletion is counted from here.
    closed integer,
    -- Why it was closed, in one word from a list.
    reason text not null,
    -- Which officer proposes to close it, while a second one looks.
    proposed_by text,
    -- Why they propose it, in one word from a list.
    proposed_reason text not null,
    -- By when the ward has promised an answer.
    answer_by integer,
    -- How many messages the reporter has written.
    messages integer not null,
    -- How many pictures and voice messages are there; 0 when their period after closing is over (`media_days`).
    pictures integer not null,
    -- How many messages no officer has opened yet.
    unread integer not null,
    -- How far the last answer came.
    last_delivery text not null,
    -- 1 when whoever reported chose "quên tôi" (forget me): nobody can be written to first any more.
    forgotten integer not null,
    -- Since when a lead keeps it by law (police, court, dispute, inspection): nothing of it is deleted then; empty for almost all.
    hold integer,
    -- Why it is kept by law, in one word from a list.
    hold_why text not null,
    -- Sealed under the case's own key: every answer given in the report, and which numbers and account names in the words the reporter lets officers see; all others are masked for them.
    facts blob not null
) strict;
create index cases_open on cases (ward, priority, opened) where closed is null;
create index cases_closed on cases (closed) where closed is not null;
create index cases_hold on cases (hold) where hold is not null;
create index cases_made on cases (origin) where origin in ('drill', 'rehearsal');

-- The key of each case. Deleting this row makes everything sealed under it unreadable for ever.
create table case_keys (
    -- Which case.
    case_id text primary key references cases (id) on delete cascade,
    -- The case's key, itself sealed under the key outside this file; empty when the case was put away so that only the committee can open it.
    wrapped blob,
    -- The case's key once more, sealed to the committee's key, which lies on no server: for the day on which the other key is lost, and for a lawful demand. Empty without such a key.
    committee blob
) strict;

-- How a reporter comes back: a keyed fingerprint of the five return words. The words are kept nowhere.
create table returns (
    -- The fingerprint.
    secret_index blob primary key,
    -- Under which key it was made, by the key's short name.
    key text not null,
    -- Which case they open.
    case_id text not null references cases (id) on delete cascade
) strict;
create index returns_case on returns (case_id);
create index returns_key on returns (key);

-- Keys of fingerprints that were made before the program's key was changed: what they were made of is kept nowhere, so they are looked up under the old one for as long as such fingerprints live.
create table past_keys (
    -- For what: returns (return words) or events (messages seen, 48 hours).
    purpose text not null,
    -- The short name of the key that was changed.
    key text not null,
    -- Sealed under the key of today: the key of those fingerprints, with which no word can be read.
    sealed blob not null,
    -- When it was changed.
    since integer not null,
    primary key (purpose, key)
) strict;

-- A lawful demand for one case that two officers are asked to agree to; deleted when the package was made, after five wrong codes, or after a day.
create table exports (
    -- A random number made by us; who asks reads it out.
    id text primary key,
    -- Which case.
    case_id text not null references cases (id) on delete cascade,
    -- The first officer.
    first_officer text not null references officers (id) on delete cascade,
    -- The second officer.
    second_officer text not null references officers (id) on delete cascade,
    -- A keyed fingerprint of the first officer's code; the code itself was sent to them alone.
    first_code blob not null,
    -- The same for the second officer.
    second_code blob not null,
    -- Sealed: by which document it is demanded, and whether the address of whoever reported is demanded too.
    basis blob not null,
    -- How often a wrong code was given.
    tries integer not null,
    -- Until when the codes work.
    expires integer not null
) strict;
create index exports_expires on exports (expires);
create index exports_case on exports (case_id);
create index exports_first on exports (first_officer);
create index exports_second on exports (second_officer);

-- Which person reports or follows which case. Deleting the row cuts the tie for good: so many days after this person got the closing message (`link_days`), so many after closing if they never did (`link_days_longest`), or at once by "quên tôi".
create table links (
    -- A random number made by us.
    id text primary key,
    -- Which case.
    case_id text not null references cases (id) on delete cascade,
    -- Which person.
    person text not null references people (id) on delete cascade,
    -- Since when.
    at integer not null,
    -- When this person got the closing message: it arrived in their chat, or they opened it with the return words. No platform tells us whether it was read. Empty before.
    read integer,
    unique (case_id, person)
) strict;
create index links_person on links (person);
create index links_at on links (at);

-- The story of a case, line by line: the reporter's words, answers, officers' notes. Lines are added, never changed; deleted with the case.
create table entries (
    -- A random number made by us.
    id text primary key,
    -- Which case.
    case_id text not null references cases (id) on delete cascade,
    -- Its place in the story.
    number integer not null,
    -- When it was written.
    at integer not null,
    -- What kind of line it is.
    kind text not null,
    -- Sealed under the case's own key: the words, exactly as they were written.
    body blob not null,
    -- Which officer wrote it; empty when the reporter did.
    officer text,
    -- How far an answer has come: waiting, held, delivered or failed; failed, too, for a file that could not be opened.
    delivery text not null,
    -- 1 when the picture or voice of this line was deleted at the end of its period.
    gone integer not null,
    unique (case_id, number)
) strict;

-- Pictures and voice messages: only the cleaned copy, without place, time and device; deleted before the case, so many days after its closing (`media_days`).
create table files (
    -- A random number made by us.
    id text primary key,
    -- Which case; empty while the reporter has not yet said what it belongs to.
    case_id text references cases (id) on delete cascade,
    -- Which line of the story it belongs to.
    entry text,
    -- Who sent it, only while it belongs to no case.
    person text references people (id) on delete cascade,
    -- A keyed fingerprint by which a waiting file is found again.
    held blob,
    -- Picture or voice.
    kind text not null,
    -- When it came.
    at integer not null,
    -- Sealed under the case's own key: the bytes.
    body blob not null
) strict;
create index files_case on files (case_id) where case_id is not null;
create index files_entry on files (entry) where entry is not null;
create index files_person on files (person) where person is not null;
create unique index files_held on files (person, held) where case_id is null;

-- One-use links: to the desk, into the roster, from the group into an officer's own chat. Deleted when used or expired.
create table invites (
    -- A keyed fingerprint of the link; the link itself is not kept.
    token_index blob primary key,
    -- What it opens: desk, invite or door.
    kind text not null,
    -- For which officer.
    officer text not null references officers (id) on delete cascade,
    -- What goes on behind it.
    act text not null,
    -- With which case.
    case_id text,
    -- Until when it works.
    expires integer not null
) strict;
create index invites_officer on invites (officer);
create index invites_expires on invites (expires);

-- Who is at the desk in a browser; deleted after twelve hours.
create table sessions (
    -- A keyed fingerprint of the browser's cookie; the cookie itself is not kept.
    token_index blob primary key,
    -- Which officer.
    officer text not null references officers (id) on delete cascade,
    -- Until when it works.
    expires integer not null
) strict;
create index sessions_officer on sessions (officer);
create index sessions_expires on sessions (expires);

-- Somebody not on the roster pressed an officers' button; a lead decides. Deleted when decided, or after a week.
create table knocks (
    -- A random number made by us.
    id text primary key,
    -- The number they read out to a lead, so that the right person is let in.
    number text not null,
    -- Who pressed.
    person text not null unique references people (id) on delete cascade,
    -- When.
    at integer not null,
    -- 1 when a lead has turned them away: they are not asked about again.
    denied integer not null default 0
) strict;
create index knocks_at on knocks (at);

-- Where a ward's officers' group is now; the platform may have moved it.
create table places (
    -- Which ward.
    ward text not null,
    -- Which place: group.
    name text not null,
    -- Sealed: the group's address.
    address blob not null,
    -- A keyed fingerprint of the address in the settings that it came from: as long as that is the same, a move is kept.
    configured blob not null,
    primary key (ward, name)
) strict;

-- Which message shows which case where, so that it is brought up to date instead of sent anew. Deleted with the case.
create table cards (
    -- Which case.
    case_id text not null references cases (id) on delete cascade,
    -- Where: the group, or an officer's chat.
    lane text not null,
    -- For which place it is drawn (the group, or one officer).
    place text not null,
    -- The topic of the group in which it stands; empty for none.
    topic text not null,
    -- The number of the message.
    ref text not null,
    -- A fingerprint of what it shows, so that nothing is sent when nothing changed.
    shown blob not null,
    -- When it was last brought up to date.
    at integer not null,
    primary key (case_id, lane)
) strict;
create index cards_ref on cards (lane, ref);

-- The topic that the officers' group has for a case, where it has topics. Deleted with the case.
create table topics (
    -- Which case.
    case_id text not null references cases (id) on delete cascade,
    -- Where: the group.
    lane text not null,
    -- The number of the topic; empty while it is being made.
    topic text not null,
    -- How it is called: priority and public code, nothing else.
    title text not null,
    -- Whether it is closed, as its case is.
    closed integer not null,
    -- When we began to make it.
    at integer not null,
    primary key (case_id, lane)
) strict;
create index topics_title on topics (lane, title);

-- Messages on their way out. A row is deleted as soon as its message has arrived.
create table outbox (
    -- The order in which messages were made.
    number integer primary key autoincrement,
    -- A random number made by us.
    id text not null,
    -- Say (a message), show (bring a card up to date), fetch (get a file) or hook (ring the ward's alarm, or write to it).
    kind text not null,
    -- To which destination; one after the other at each.
    lane text not null,
    -- Which ward.
    ward text not null,
    -- How urgent: 0 alert, 1 answer, 2 notice, 3 campaign.
    rank integer not null,
    -- Not before this moment.
    due integer not null,
    -- Not again before this moment, after a failed attempt.
    retry integer not null,
    -- Not after this moment: an answer for an open chat is held instead; 0 for none.
    until integer not null,
    -- Waiting, leased (being sent now), held (from a restored backup: a person must look first) or dead (given up; kept 7 days without its text).
    state text not null,
    -- How often it was tried.
    attempts integer not null,
    -- How often it may have arrived without our knowing.
    doubts integer not null,
    -- 1 when the receiver fetches it.
    pull integer not null,
    -- To whom.
    person text,
    -- About which case.
    case_id text,
    -- Which line of the case's story this delivers.
    entry text,
    -- Where a card is shown.
    place text,
    -- 1 when it is protected from forwarding and taken away within a day.
    secret integer not null,
    -- Sealed: the text and buttons, or where the file lies; emptied when given up.
    body blob,
    -- Why it was given up, in one word.
    why text not null,
    -- When it was made.
    made integer not null
) strict;
create index outbox_head on outbox (lane, rank, number) where state = 'waiting' and pull = 0;
create index outbox_due on outbox (lane, due) where state = 'waiting' and pull = 0;
create index outbox_until on outbox (lane, until) where state = 'waiting' and until > 0;
create index outbox_leased on outbox (lane) where state = 'leased';
create index outbox_person on outbox (person, number) where person is not null;
create index outbox_entry on outbox (entry) where entry is not null;
create index outbox_case on outbox (case_id) where case_id is not null;
create unique index outbox_show on outbox (case_id, lane) where kind = 'show' and state = 'waiting';
create index outbox_dead on outbox (made) where state = 'dead';

-- The destinations that have something waiting, and which of them must rest.
create table lanes (
    -- The destination.
    lane text primary key,
    -- When it is worth looking again.
    wake integer not null,
    -- Until when the platform asked us to pause.
    rest integer not null,
    -- Until when a message is being sent; 0 when none is.
    lease integer not null,
    -- 1 when an alert waits there: it goes before everybody else's messages.
    urgent integer not null
) strict;
create index lanes_wake on lanes (wake);
create index lanes_urgent on lanes (wake) where urgent = 1;

-- Messages that stand in a chat: those with words of a case are taken away within a day, cards with their case. Of everybody else's chat the numbers are kept for 47 hours, so that "quên tôi" can take the messages away; then only the numbers are forgotten.
create table visible (
    -- A random number made by us.
    id text primary key,
    -- In whose chat; empty for the officers' group.
    person text references people (id) on delete cascade,
    -- Of which ward, for the officers' group.
    ward text not null,
    -- About which case.
    case_id text,
    -- The topic of the group that goes with everything in it; empty for single messages.
    topic text not null,
    -- Sealed: the numbers of the messages.
    refs blob not null,
    -- 1 when the messages stay unless the person asks to be forgotten.
    stays integer not null,
    -- When they are taken away, or their numbers forgotten.
    due integer not null
) strict;
create index visible_due on visible (due);
create index visible_person on visible (person);
create index visible_case on visible (case_id) where case_id is not null;

-- Everything that waits for a moment, such as the minutes after which an alarm is repeated. Deleted when the moment has come.
create table deadlines (
    -- A random number made by us.
    id text primary key,
    -- What for.
    wait text not null,
    -- When.
    due integer not null,
    -- About which case; empty for none.
    case_id text not null,
    -- About whose conversation; empty for none.
    person text not null,
    -- On which side of the table.
    side text not null,
    -- 1 when it comes from a restored backup: it waits until a person has looked.
    held integer not null default 0,
    unique (wait, case_id, person, side)
) strict;
create index deadlines_due on deadlines (due) where held = 0;
create index deadlines_person on deadlines (person) where person <> '';
create index deadlines_case on deadlines (case_id) where case_id <> '';

-- Who opened or did what, without any content, so that nobody can look in unseen; deleted after the ward's period (`audit_months`, 24 at least), the oldest first. While a case is kept by law its rows stay, and with them all later ones: the chain can only be shortened at its beginning.
create table audit (
    -- One after the other; a gap would show.
    number integer primary key,
    -- When.
    at integer not null,
    -- Which ward.
    ward text not null,
    -- What was done.
    act text not null,
    -- Which officer did it; empty for the reporter or the program.
    officer text,
    -- With which case, by its random number.
    case_id text,
    -- A keyed fingerprint over this row and the one before: a changed or missing row shows.
    chain blob not null
) strict;
create index audit_case on audit (case_id, officer) where case_id is not null;

-- What was erased, by fingerprints of random numbers, until it is written down beside the backups: a restored backup must not bring back what was gone.
create table erased (
    -- Case, tie, person, talk, left (a chat that was left) or officer.
    what text not null,
    -- A fingerprint of the random number it had; it leads to nothing that is still there.
    mark text not null,
    -- When.
    at integer not null,
    primary key (what, mark)
) strict;

-- How many reports there were of what, by month. It is tied to nobody, shown only rounded, and kept.
create table counts (
    -- Which ward.
    ward text not null,
    -- Which month.
    month text not null,
    -- What was counted.
    what text not null,
    -- How many.
    number integer not null,
    primary key (ward, month, what)
) strict;
