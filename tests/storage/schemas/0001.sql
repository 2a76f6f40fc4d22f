BEGIN TRANSACTION;
CREATE TABLE audit (
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
INSERT INTO "audit" VALUES(1,1795510800000,'phuong-mau','open','id000001','id000002',X'1BF4A27634335EDD5C6367A6DD545D0EE1674821A8ABFB63DFBD235C1BB6AE70');
CREATE TABLE cards (
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
INSERT INTO "cards" VALUES('id000002','group','group','','77',X'6D61726B',1795510800000);
CREATE TABLE case_keys (
    -- Which case.
    case_id text primary key references cases (id) on delete cascade,
    -- The case's key, itself sealed under the key outside this file; empty when the case was put away so that only the committee can open it.
    wrapped blob,
    -- The case's key once more, sealed to the committee's key, which lies on no server: for the day on which the other key is lost, and for a lawful demand. Empty without such a key.
    committee blob
) strict;
INSERT INTO "case_keys" VALUES('id000002',X'0279C0342889F25EB75FA38D56A942B4437AFE18923DC09B9E667168F17C57DBE83D055A73393F8F714A053A74C096DDC4307FE73365F9F60DF51C055F48FD422D',NULL);
CREATE TABLE cases (
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
INSERT INTO "cases" VALUES('id000002','phuong-mau','ID000002','person','new','P2','VIOLENCE','child',1795510800000,'group','','',0,1,0,0,0,0,0,NULL,NULL,NULL,NULL,NULL,'',NULL,'',NULL,0,0,0,'',0,NULL,'',X'018FCD0C1B5753F76FC0C1758B2B2A4BD2801C4AC1059059F605869FD61D269AFC1204442639B057D8BA0564299445F364567A1A2134A3C955DEB14ECA3AAC1652B5CDF1AE81250F0638A2B3F84F22D75C1A2C49E92F92EB6999352E78F59DBB0BC57953091B3BAE063812EDC7366E27F0CD05D5E24063AFBDC6A87F44D79521CFD03FEEDD4F4B36BD7B39A307CB3F4C92D7414C73FAE438C2165FD3FF4EC7A5D4555F06A3CB3BC9CCD3F9D30AB9642AC548A5198267E074E7A34088ED067192B43511871C2D913E7E8001800CF215E718BC8E093310E914711B32C6D2CCBB5EAF0BE671D4834A8DADBE9DC6E91990D9AF87E4EE2AA2176446769FC2812E67ACF19A6FDC72E4FC831D226EBA25FCE392575F3BCA79796AE7AEAEF1F458');
CREATE TABLE counts (
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
INSERT INTO "counts" VALUES('phuong-mau','2026-11','opened',1);
CREATE TABLE dead_letters (
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
INSERT INTO "dead_letters" VALUES('3psa7vrqxe1gkb0n',1795510800000,'web','KeyError',X'0279C03428EECCA278089029880E8262B7856B4FD163220092ED49DDA12216761DDD454EC13F32F019DBF5FD045915AE578E42E45676F36719834D3DC04A0E41D337234B568392E3DB1704A9859317D92B0D690B62A48FFCDF7D8E9D1852D49FE95362691857EDAE777E2FE4C18FCC94BC730CCE41D604F231FFD12A16B36642977587D869E745BEFB0CF824B14D4DED4478ADF778DCDDF2BFC3A1D8E80CD812CFC7078D6710214F9663ABF40210D9F014E62D51F46DDEF78E3F6FABEADE0A9E51033418544E56253E0D154B16A454081921EFAE15140A42F1B4872E0641F78D940443EF37DB859854D47F442C99E69BB385AB64FDC3C9B47AD8C2E063982C05D1CB5FD5DA19BD0972F514C90C44F6D9F63E7B8CC3D2156B823A5B4EA5044418FC');
CREATE TABLE deadlines (
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
INSERT INTO "deadlines" VALUES('76nc4m0d420yrbze','unclaimed',1795510800000,'id000002','','resident',0);
INSERT INTO "deadlines" VALUES('w1raye9wb2yqsk70','notice',1795510800000,'','46y4bh8ef1ejk4ay','resident',0);
CREATE TABLE entries (
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
INSERT INTO "entries" VALUES('id000003','id000002',1,1795510800000,'words',X'01A302A154E26B4CEBE1D535EE59A58828782CBD1FBBF8BBEE1736D663C963402EDE88684D20D0EB69096E40154B39994BC83B3AAB45CEBFCB1B35BB25E60292EA907AF09393C1CA538A369D7D30B47EABB86878D69B8AC117B49AC76C61116B2F855DCE30609A779B1165089037CE1815EF8A35B07145A68E5E351301D4C9816CC752C4958261419C533D9CD5AB32E674FA9C4E71A5D11AA32560B53A30A351A7444485D99F2950340D8FF213B8366FADADE93D18D37008321A8F9BCC1D29CEADE99C3BD7C28411346546D7207653A236F7D7C87DDD32AFF284C245800A94C96D9A9E507D46016C0CC480039DE9654E3CB975448832BA779E7B2CF63BBB567F8E46242B5768733F1B033C91925333ABB5100AD6372AE20CFC5BA25FC1',NULL,'',0);
INSERT INTO "entries" VALUES('id000004','id000002',2,1795510800000,'answer',X'012CD90E2085FD59B86E2E4128FE64494DBB1553B575F1C3AA7BE67A85233EEB06F931663BD01C50A16A66177517495929D89006D4CCB9BF1A706F8D2557B2753C72ED38478E041E1D36563CA69D0E8E379116F87AFEFCF55C5DC1080C3C2F2BFD560E6CFBCD4DE2F01CF135E7BE8766549A9CD3D787D7F6139F4B8FFFCFA9453A997313F6A6CD1B7E9BA06F06F2592EBA35A9581318DC38062CDAAB4D68BAB26051709D3BA2F653D72FBA1AEB5747E7E058B7D8E1BD0ABF563AB9E4DEE68249F9EBB7A5C1F1FFBC44463446EF673B6740F93709CB614CFE98F495790883A711A6CAC8CE2B8F3CD1438E4FECACD810BEB320881E24A1FA9673CE03477FC36AEB1E6C2111E26730F94FAFAD529AF89D19F39172A452EB45CCFE9534A181','id000001','waiting',0);
INSERT INTO "entries" VALUES('id000005','id000002',3,1795510800000,'picture',X'013D68619772BBB00A1433E573351BA55ED90D99AB193F309A566A092D3B161F60C7EB416F2D8D6226650BD76E3D976B5512171A5D9C768E58EAAF27815BB34A6C200DBDD738B7947E645E1BEE3AE98CA8EBD53BB6F45DF86334F8FBAE7FDB6645F7083301ADEFA22A6EA722F9E171187C1DD94431D123E227D912024ACD71C5DE6058B19E872D060FC479B3568CEB7D2B211039AFDDA1519371319C6494A2442278C6420BE027E432482521C6083EAE18D666D85EEC294F5549D95444E85E7190474B80F209488179DCA7C173B30D295229A36089C2A4C55C6D4F71F8B7C4B7C92D13415925C941E751009E87434E7D77B6F1CE3AACC77525FFF20B1ED9826B7A614832A57B683B0121553C8AEAE9057D034EBBB9A81D173544AA4104',NULL,'',0);
CREATE TABLE erased (
    -- Case, tie, person, talk, left (a chat that was left) or officer.
    what text not null,
    -- A fingerprint of the random number it had; it leads to nothing that is still there.
    mark text not null,
    -- When.
    at integer not null,
    primary key (what, mark)
) strict;
INSERT INTO "erased" VALUES('case','060c16d0a642ec83c855528175cbe632',1795510800000);
CREATE TABLE exports (
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
INSERT INTO "exports" VALUES('x','id000002','id000001','id000001',X'78',X'78',X'78',1,1);
CREATE TABLE files (
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
INSERT INTO "files" VALUES('7fmv238ja8rgj3hy','id000002','id000005',NULL,NULL,'picture',1795510800000,X'0183F07840AD16D835F05AF1D41B7EAD4DAF2B1E823461649B1DCDD2E9ADC5817EE12A922C6A136DA21CD035F44BA9A345F98E87B9672FAE7B961C10DFAF582B5CC23378D1A418216E5FFAE60E90C6C1041C337BF84B1E91290F5FDB16BAE689511E4E0D953187E0A287C0B1CBA811D41AD3ED69BCB00C1D810DCA0916D150B0CA70A36A7C82513203373FA7ED74EAA1BD2F6017135D3C08A4462C81F2FDEB905FB0A96521FA2D14488DA5C491A5DC34A664BE4E8C2EB355CCFE098E6E54FD29087AC4A310A652C5F9D8CABBFB5753AE35ADF1E01F027366E3D62D1A1E1DA65198FD7F481FDBEED7A113C84406AF8EB7930C4D553956EE42D110CB7B85B8CD64FA6E29C319EAED638F94D5A48D15C0EF4A51D411A533F8EBF706122A28');
CREATE TABLE inbox (
    -- A keyed fingerprint of the platform's message number; the number itself is not kept.
    event blob primary key,
    -- When it came.
    at integer not null
) strict;
INSERT INTO "inbox" VALUES(X'6A50864945F0792F85EA7870685B77EA',1795510800000);
CREATE TABLE invites (
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
INSERT INTO "invites" VALUES(X'1F5CCC3C9FA6635CF4EA2FA4AACF4527','desk','id000001','',NULL,1795510800000);
CREATE TABLE knocks (
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
INSERT INTO "knocks" VALUES('x','x','3sd76rtpmyc605mj',1,1);
CREATE TABLE lanes (
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
INSERT INTO "lanes" VALUES('telegram:46y4bh8ef1ejk4ay',1795510800000,0,0,0);
INSERT INTO "lanes" VALUES('group',1795510800000,0,0,0);
CREATE TABLE links (
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
INSERT INTO "links" VALUES('y1d74bzpa3pbrs9t','id000002','46y4bh8ef1ejk4ay',1795510800000,NULL);
CREATE TABLE meta (
    -- The name of the fact.
    name text primary key,
    -- Its value; a keyed fingerprint or a number, never anything about a person.
    value blob not null
) strict;
INSERT INTO "meta" VALUES('key_check',X'A7DC2585E9E95C9816484329E768E779');
INSERT INTO "meta" VALUES('key_id',X'3739633033343238');
INSERT INTO "meta" VALUES('audit_end',X'0279C03428254994849750D1AE36DA38CFA76B7D2645126350A7C890D3D4D105609249B287C734CD1FAE43D0DC965C9E1DE6AB84E1FC5C269BA0EB2A463E999BF2B4DC3711072D452287D7233E26EF95A8A9367C0823B6BA2CCE7D13AD90CAEAE3FA96DF523ABB59BB847BA90498A78AB661CFCEB2965C498AD6C1DE7DEB8FC738AE3235B14BDA51E8446F6A8186667C4255925CED3EE035CB6BD8388A00B1E560D51ECB86FF8C2A89C6FB5DAB64037B72E5A731915D791D10BC54CA7830E50DECE78EC15945B2D276E3BCBD74C51D1FB64F2E417FE393B8283098F6189F72D48FF3434D284EFC1CB56EFD13389DDC3FC8E4781974986DF60ABFBDC3B9C8346B8E9F425907F41EAC82A1B173CAB2FC1DE2C8BC7358DF4C177DCE5A42AF68B3B3DA');
CREATE TABLE officers (
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
INSERT INTO "officers" VALUES('id000001','phuong-mau','Cô Mai','officer','cô',1,0,1795510800000);
CREATE TABLE outbox (
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
INSERT INTO "outbox" VALUES(1,'r179vv2wjjpg0wz5','say','telegram:46y4bh8ef1ejk4ay','phuong-mau',1,1795510800000,0,0,'waiting',0,0,0,'46y4bh8ef1ejk4ay','id000002',NULL,NULL,0,NULL,'',1795510800000);
INSERT INTO "outbox" VALUES(2,'1atqd729kt561d5v','show','group','phuong-mau',1,1795510800000,0,0,'waiting',0,0,0,NULL,'id000002',NULL,NULL,0,X'0279C03428138CF9E2F28520B5145021E5ACFA5AE269D000D02928E272A0C7C704B2ED7F96CD0EEA6871405785B16E061A41E8F53CB31DA7C5F57DE649E3217CD3414113A6A2607A45494261AB7A1B01D701A440A62904DB38448A5243F9A24C61D7DBFD7123F33A3CA192E2FB888EB931366ACB6AA4F7A3885611CBED8DDC87743CF0C951416262984D5BE5954A5AFE5279286EA94678545190022AB09CEA7642A9EFF3CB3869E57C0B9823BB2CF70A37945DE1213831EEA277A6823753E11FE4AD00013AE05936357B8C8639F9BD0CE3160479781C65DFFB3A2674BF7ACD5FE9598EAEA55D080B331125DCBAB7C10E7E521AD1F0545876727BA0C61EE2A7DEBBA2581264784BC3722FAA5BEFC4D7B3806E942D6F8C43BC268FE18B0A1B73E979','',1795510800000);
CREATE TABLE past_keys (
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
INSERT INTO "past_keys" VALUES('x','x',X'78',1);
CREATE TABLE people (
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
INSERT INTO "people" VALUES('46y4bh8ef1ejk4ay',X'930885F91F85854CAF20AE33F8DFD548',X'0279C0342808790A66FEF73F12CF608E068EDE2ED3495A22807F915B034FCBB353A890E7DBB292FC58FE1A0577EA0166F9E81C76114B0C5FA8CFADCE9A617ED0C877B766C6D82075989C103AD79F3C1F9DC8A4D4F49129FA39B2557CAAECDAF6EC02124A056BE12B3DDBA4AE7F99E6C8A6A5F4BDDB1046D64663E0BB01CE9CF106D641225B0DED19CEA1C04C43AAF7802249861193443F1F4DA95D3690397937B80B12A82EE9EB8671348D6049B49E091429A75B17E65F8CDAEABD38F51B2CDFABF8D980AD20A04CF17BB1E4C91F4FC6FCF80711EEE8F8A507F743D1C1B46A227ED04507458456F6F029F0E58E50C7FBF0A65B9A669A0393EBB890787602DAAF5404BD8915E49DCC4BF40875988562964F7012BE3A57EF5696C942A11F941BD050','telegram',0,X'0279C03428348DE8D7305DAB2CF505EAC99F88D340193E0051D2F55EDD43B258C47789E3FD0FC65730306FDFC84E5CDB4AF62F7F2141FF322E3436EFCE66F552E1983AC2A2A992F702D07405CA2D268DC983787A8D4D6165F2BB6710CE5C9FE9D7470E423B98DDA8843B3FB48A373D2F6F97645922189E375D0A9272C14C918184519DF687318FA03E554973162F646B5741720D3D23D25BE0F094F4510DB43AD77A5982B931ACD1C17B4F32E30CB0626B9FF6929358651EF1CD7055CC7E67A57DBAEF1F7C0817644325CE8FC4AF4C094FB3DB58D3DFE28B01A2DDA7AFCDDE96E2EE2CF2C01131961154001A4D34E513AF0BCE2A8CABA852434EBD75AC20ECEC0ADCDBA6084BA1697C17A732E096953E7F39554A644BAC0D8748358F2FDFD1153D',1795478400000,NULL);
INSERT INTO "people" VALUES('ctanrmj4n3g3x67c',X'8FE8C83AAD97134DDF664824C6CEEC93',X'0279C03428939AFD121B2DA366FF5F0E9A1FC583A42FE36A150B3FAD8EC925747C3074A066D84D933DE299788087A9648A80A57E94150038367B046DEA7ABA03151DB47C5302CB061066A46A546D0A92ECE71C8A6AF1B129B882B2620D27D3DFAC82AD7C00DA1DF8569DA5AE2F4B6109D218652E57042B518AB48B1F414E6ABD021B84DE6AB8A39658545406CAEB434C0C80B0371334E898908A53C477A7E547DC2CF88039E7F8D6EA95EB22A8E1B5A7E0E4BC667B6694408351A02A7367FA608CC8935C26BE8534552760280D92173566475AB4BC02300F0EF6B237DD1C24FFE3EE10D80BA0009EF2CBEDF590F6007D21B6834BDA41D7CE99C2D143EB5855C1D839824FF746EFD3813366A948E01BCFC884CEF0D459A46C111289A6EDAB971AF7','web',1,X'0279C034280271E277A1BBDCD58845FEF6A127F854EBF1E8BA197B41976BA07616F0D5754D6FF3ECC3C44229E5FE7A61046C9BFC38A41F750FD9E1C071DA87C9377F62BFACDEC7D682DE7FF8887C382E4A3119DCDFC14C211D0592939CA8BEA07396021A1B77E7226458961EBA9348A26425ECC0EB46570DA318E813A5D75D9A78162B62245F56321805BF00E8CA2B380507C9A83FA91E93699AFBABDCBD4436CEAEFC4558EE96B037EA9A7A27584B178BD6137BDDE25D1C5C2018E37AD84F00D3ECEEC3C9B5880C05B199896C261617E59122156FE86FA5C369EB88A595B611DCDEE960F646EF12887F77D343043051497A652EF7D9F786CD2D97E3E596B7DB12A7B3C8195472729A5B14C9E1FAEA719E611A5FBAA847E61030F0F55C9F9362E8',1795478400000,NULL);
INSERT INTO "people" VALUES('3sd76rtpmyc605mj',X'C247C8841DBD786B98E65D3A2DA13793',X'0279C034288942AFC0AECA7DD11531B553E5F91F19A6670495FD93774B2CE54E7C453608AC02F04BB78371A9CBAB66111D2F986A484650701AFEB0D89807F63C06C4BD9C6FCF1EC0C8C697BC37E952F105B033085F7B19D2566FE574A7DCEFB801FBBE6DE90A3A15E7917CBBE3BA35DFF76A9F4B4F12801DFC2587FB2D7161962FE65BA1E998FEBCAD1614D1DBFC26E016DE9FBB7F09C077656C6D1DAC2D8A1577E7C1500553CFC4F3EEAF1FF1DFDC12306FA77BEC2FEFBBA92756F61F2AE0DDBEF85844A38ABC906F516A192E41276C608E5C2D4DAC1D3D5B12E2977A5DD3D9FDA40FCAA0BFE71E703B2A0534F82C770EAF34AF27D5FBD9B573937019E52ED96A8112C57C73792EDAB3FF616451223A64583BE28F8E9C201D584B5F40B29F40E7','desk',1,X'0279C0342809B314B73972704909C21F93AF44A398D237935570DD966788A45236B1D71E4895D49628DD7569D09954DACDE37D9112A22B8B0AC7372FE8AD65C27C8573FA0556324E0164A19050F0742B305262C4981D8193F15E4FE57B247636DC4F404C6F49B85F190D768E2325B1193BB9052124992A79865E27E602FA177CDCCEF4F0D3232845E201CE9067D3C84DFC65A8D8EDF2C5E0F5B929E78FB74723818CCEEBA6A049EAB4B196441EF185C26BC40DCB9D96D4B19E7F45B103AB9FA78A58B12755DA38D352DFFAE8A15E86BB2DF51778EEFD479BF24AB8601A74969EFC51BF74290536BCF507F094C02DA12325B376AB9046C6BDCF1CED1B0E9EFAE72EC7AD0C95A870DD33657265B8F8A10B9557090A821F4998A161A4017591CE7BD1',1795478400000,'id000001');
INSERT INTO "people" VALUES('d499js0ytwz1p32z',X'18433208559EE57B326DFD723D51794F',X'0279C03428E6C3CAB7FA0D0E6B21D931484E64CB64A094FF9B3A69CD210218E14F76801DF8A68661D8CB315C91D8BA1C854081EB24D257F57162FBCFD4E6A60EA35D2A49529B78DE61811C8B9A8D77E937CF1FC2B58CF8A4898BC59223D602F64DAB920C3A36A546B16C792A6832CB59EA9CDEC1807114A2F98D19E247040174FFEB45317CA56C2EA4198C1D4182BE68F64C710796F961814B79F9741A620851B65BBFB5EA6A4D35E7BD57028CD97570DC3CB86923FEF7E9CF1B268749A4F4EA12557F347F617DE85BF27FAD2DDAEB2D1FEC9F2D84CB2261136EE25F2D078792937C1007F070FF4DBA4D8B8EB83E901377E346DBE342C5F39DE38FCA30D78C7D1AB73DC3076A45E9A00A74A1C2F335C712E5E52CE8482102095571C1F3A1D30164','telegram',0,X'0279C034282514C6CE8A6DB23E1E874FBAEF6744C1B0F4E568C9B6F32A910158F63B191FF83E05AA06C3C48421DAE1315448D0A5381B905F295D7AB80C48B7ADDAC98664F93CDDC106FEE0571AB03A22520CFEFC4C1D0F9795411EAF34DB3916D22EDFD9C5F99BC1552869BCF0684AD0B6C6C5342B4167FC278F266DA23DB19BB94BEA5BA39CBB9B594B7F94A9647F908CD04CC9F1C520B78500D7911921138EA36466A2F5C3F75CE5A952A466D094F9F18505BCD9C4C893B5537915CA3A943904BCCD6CE5161F5EAA9D18430606039B05B62493A5E9D6F8C3F1CA2DEE29DBA5C30582BE512487212DFC1846F5EE58C0E6F1948373E655E3C887B3E5F80BAFEB96747B54C9CE687DE78E7CA5FFBE82A781CEC8C05286670BA581F4D1DFCAC69AA3',1795478400000,'id000001');
CREATE TABLE piles (
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
INSERT INTO "piles" VALUES(1,'x','3sd76rtpmyc605mj','x',1,X'78');
CREATE TABLE places (
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
INSERT INTO "places" VALUES('phuong-mau','group',X'0279C03428DCF69F58FCF5BFF303A01C748C9A11083AC6E1E1696AEB74ABE2C2A62C8FD40CD2C2C2E7C9DF72180D1B21DEA68F1C55A3A3D7CA82B298BA97DC4EDBF746A7ADC88DD1D1A3427B8D65DB427B402457AF1C7DBC9C1DB79431F62EE8C31842281DE1CC220A1627A519028A61747B3A9517454426E7BDE89BAE2CAD52DD74885B0AC486A0098D996B16087A3773F10BDA32C3D5D2E82052B411953DB68A44990E4F4911448ED01314F4238C5E10176A9192F1043B3D550BC4EF5CF0DE620E46FCB6B6A88654CD3A6DB3D5A29859F5CDE42FACA7294AC2FEA065EBC2FF496654B52F2F094943F176FF5D7588080CFE5C3A7C227C63480A5C2A00912DF9F6BAB7A5E3C3B82A0EF242D6901E7BF7CB6F6ACC9448B4125199354E5390592014',X'8FE8C83AAD97134DDF664824C6CEEC93');
CREATE TABLE returns (
    -- The fingerprint.
    secret_index blob primary key,
    -- Under which key it was made, by the key's short name.
    key text not null,
    -- Which case they open.
    case_id text not null references cases (id) on delete cascade
) strict;
INSERT INTO "returns" VALUES(X'AD267DFF4FFD69CE14E0F081E39D6FD9','79c03428','id000002');
CREATE TABLE sessions (
    -- A keyed fingerprint of the browser's cookie; the cookie itself is not kept.
    token_index blob primary key,
    -- Which officer.
    officer text not null references officers (id) on delete cascade,
    -- Until when it works.
    expires integer not null
) strict;
INSERT INTO "sessions" VALUES(X'104C2164373B49913E83C331618E2EDD','id000001',1795554000000);
CREATE TABLE talks (
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
INSERT INTO "talks" VALUES('46y4bh8ef1ejk4ay','resident',X'0279C03428AEA2F9460A567A8329A53C9D43C423935B2398E5CA3C341D09ECD3597256DE8ED9BE9765C3A386D16C66371D259466D3CABCD7D77A2C3D89B2B8CEFC8697EF03DD93DF58B301FD9D9DF7A6F99CAF0601E7E8194C0A3738E342DD56D0EE026865194EF788E908B05017614FE755B6ED35DA01FAABBF460C16DA3AC7930D73B63F41FFC0A9BB5140DA2065563104B6DC5892C03C8BD5873F25802405A6EAE69295B0697614C2A77214B34BC223FE6432C55D43AD77DCADAF94A2AB6246DDB1C0D8CD7A8CDF203CF03FD824E681E5CBE3FEA34A351407A8631BB8A5A5C245B9264BA7DC4E7B11732965FDAF9633272A7057218772244C52E7780DF40FA5DC9F37CDDFAE81B327A4EC57D6BA716DFD975FCC7C3404C59CF6B3D9EF37DF4A',1,1795510800000);
INSERT INTO "talks" VALUES('ctanrmj4n3g3x67c','resident',X'0279C0342888A7637A9B8F23937254B40B2F9F94F643F899679F79FDB7CCCE6BA43F3C7AE452B486CF3ACCFF1508E9E6537E59572F7941D0F6A2C089417BAE0A65738B9F224C85F4C856CBB734957AE701BA47B767B33A901B053BEB52F0DBAD092E82E20FECBEC3C0FBE8712EC6E5E37E325D4560DD972835B37F0E155E891C43F9A73E05FBA091C1702EB7F70A8303F428E472B964032C99B1C1319DE4DDDC0E08636B9FEE495932F3CAD5FA1D90DA836F35BD41DB66097BAF638C03807DF93C54FF09C22F0CCED2FFC87744AF6186AA67C6BAF35A04B88F56598F8B9B982469C1631D5F57CF9428F87AB4EBEC5743CEB2D68D497479AE5B16D1C0602D7DEE07C76F478D667F2D69BA4E12B014C5E2FB5C15E10B8FE4D58F8D0BAEF378BD7BA0',0,1795510800000);
CREATE TABLE topics (
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
INSERT INTO "topics" VALUES('id000002','x','x','x',1,1);
CREATE TABLE tries (
    -- Who typed.
    person text primary key references people (id) on delete cascade,
    -- Since when we count.
    since integer not null,
    -- How often.
    number integer not null
) strict;
INSERT INTO "tries" VALUES('3sd76rtpmyc605mj',1,1);
CREATE TABLE visible (
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
INSERT INTO "visible" VALUES('qqj0s5ttsvn8kqa5','46y4bh8ef1ejk4ay','','id000002','',X'0279C03428825AAF217096142EC6A642CAE7EA3C897EB9975580914D7E50C051D63FEA6BD858844A41A85F9B9E3A6D6DECC58A21B0E3B742A442C59D914CCC1447E71A6C8235918AB88C906C52D900799DE6690B5075CA2EAB14EEF6C94AE768FE011DA0E28162F88DC2BE89635CCAE076D017E4BE6E2B1BF4CDAEF142BC63AB14207845998295FA110AC4396F5DE7D5764E50AA679B3343C90ED2E859CFDB6CD9439EC03771E1B9FEB47B051DED128FB2E602D63CDC5216F5EB4C42259C07AFA1679E71FE6D5D1BDED60419E4B63A610BC883C3EAEC5A6343ED8AD9650ED636E7BC15F800ED4F5974836145733C3ABABEB58221C559DC02CF3550C3EB3110A0C23B969C793E77DD9BD6A2D028B7AD657568DC46FDE670E48359C97A03B1CA7D29',0,1795510800000);
CREATE INDEX people_officer on people (officer) where officer is not null;
CREATE INDEX people_seen on people (seen) where officer is null;
CREATE INDEX people_made on people (channel) where channel in ('drill', 'rehearsal');
CREATE INDEX talks_drafts on talks (spoken) where settled = 0;
CREATE INDEX inbox_at on inbox (at);
CREATE INDEX tries_since on tries (since);
CREATE INDEX piles_person on piles (person, side);
CREATE INDEX dead_letters_at on dead_letters (at);
CREATE INDEX cases_open on cases (ward, priority, opened) where closed is null;
CREATE INDEX cases_closed on cases (closed) where closed is not null;
CREATE INDEX cases_hold on cases (hold) where hold is not null;
CREATE INDEX cases_made on cases (origin) where origin in ('drill', 'rehearsal');
CREATE INDEX returns_case on returns (case_id);
CREATE INDEX returns_key on returns (key);
CREATE INDEX exports_expires on exports (expires);
CREATE INDEX exports_case on exports (case_id);
CREATE INDEX exports_first on exports (first_officer);
CREATE INDEX exports_second on exports (second_officer);
CREATE INDEX links_person on links (person);
CREATE INDEX links_at on links (at);
CREATE INDEX files_case on files (case_id) where case_id is not null;
CREATE INDEX files_entry on files (entry) where entry is not null;
CREATE INDEX files_person on files (person) where person is not null;
CREATE UNIQUE INDEX files_held on files (person, held) where case_id is null;
CREATE INDEX invites_officer on invites (officer);
CREATE INDEX invites_expires on invites (expires);
CREATE INDEX sessions_officer on sessions (officer);
CREATE INDEX sessions_expires on sessions (expires);
CREATE INDEX knocks_at on knocks (at);
CREATE INDEX cards_ref on cards (lane, ref);
CREATE INDEX topics_title on topics (lane, title);
CREATE INDEX outbox_head on outbox (lane, rank, number) where state = 'waiting' and pull = 0;
CREATE INDEX outbox_due on outbox (lane, due) where state = 'waiting' and pull = 0;
CREATE INDEX outbox_until on outbox (lane, until) where state = 'waiting' and until > 0;
CREATE INDEX outbox_leased on outbox (lane) where state = 'leased';
CREATE INDEX outbox_person on outbox (person, number) where person is not null;
CREATE INDEX outbox_entry on outbox (entry) where entry is not null;
CREATE INDEX outbox_case on outbox (case_id) where case_id is not null;
CREATE UNIQUE INDEX outbox_show on outbox (case_id, lane) where kind = 'show' and state = 'waiting';
CREATE INDEX outbox_dead on outbox (made) where state = 'dead';
CREATE INDEX lanes_wake on lanes (wake);
CREATE INDEX lanes_urgent on lanes (wake) where urgent = 1;
CREATE INDEX visible_due on visible (due);
CREATE INDEX visible_person on visible (person);
CREATE INDEX visible_case on visible (case_id) where case_id is not null;
CREATE INDEX deadlines_due on deadlines (due) where held = 0;
CREATE INDEX deadlines_person on deadlines (person) where person <> '';
CREATE INDEX deadlines_case on deadlines (case_id) where case_id <> '';
CREATE INDEX audit_case on audit (case_id, officer) where case_id is not null;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('outbox',2);
COMMIT;
PRAGMA user_version=1;
