"""Settings: the environment, `.env`, and everything that can be wrong with them, said at once."""

from pathlib import Path

import pytest

from bot.config import NAMES, NOT_YET, ConfigTrouble, Settings, read

TOKEN = "7000000001:AA-not-a-real-token-only-for-tests"
SECRET = "s3cret-Value"


def settings(directory: Path, **environment: str) -> Settings:
    return read(environment, directory)


def problems(directory: Path, **environment: str) -> list[str]:
    with pytest.raises(ConfigTrouble) as trouble:
        read(environment, directory)
    return list(trouble.value.problems)


def write(directory: Path, text: str | bytes) -> None:
    data = text.encode() if isinstance(text, str) else text
    (directory / ".env").write_bytes(data)


def test_nothing_set_is_a_trial_on_this_machine_only(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert (found.trial, found.host, found.port) == (True, "127.0.0.1", 8111)
    assert found.database == tmp_path / "data" / "trial" / "lang-nghe.db"
    assert found.key_file == tmp_path / "data" / "trial" / "key" / "root.key"
    assert (found.telegram_token, found.group, found.ward_file) == ("", None, None)
    assert found.telegram_api == "https://api.telegram.org"
    assert (found.log_level, found.group_shows_words) == ("INFO", False)


def test_an_own_ward_file_makes_it_real_and_needs_a_key_file(tmp_path: Path) -> None:
    (tmp_path / "ward.toml").write_text("")
    (said,) = problems(tmp_path)
    assert said.startswith("SECRET_KEY_FILE:")
    found = settings(tmp_path, SECRET_KEY_FILE="keys/root.key", WEB_HOST="0.0.0.0")
    assert (found.trial, found.host) == (False, "0.0.0.0")
    assert found.key_file == tmp_path / "keys" / "root.key"
    assert found.database == tmp_path / "data" / "lang-nghe.db"


def test_a_trial_is_never_opened_to_the_outside(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, WEB_HOST="0.0.0.0")
    assert said.startswith("WEB_HOST:")


def test_a_ward_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, WARD_FILE="wards/hoa-sen.toml")
    assert said.startswith("WARD_FILE:")


@pytest.mark.parametrize(
    "text",
    [
        f"TELEGRAM_BOT_TOKEN={TOKEN}\nWEB_PORT=8200\n",
        f"\ufeffTELEGRAM_BOT_TOKEN={TOKEN}\nWEB_PORT=8200",
        f"TELEGRAM_BOT_TOKEN={TOKEN}\r\n\r\nWEB_PORT=8200\r\n",
        f"TELEGRAM_BOT_TOKEN=\"{TOKEN}\"\nWEB_PORT='8200'\n",
        f'  export TELEGRAM_BOT_TOKEN = {TOKEN} \n# WEB_PORT=1\n\n WEB_PORT = " 8200 "\n',
    ],
    ids=["plain", "with a byte order mark", "from Windows", "in quotes", "exported and spaced"],
)
def test_an_env_file_is_read_however_it_was_saved(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    found = settings(tmp_path)
    assert (found.telegram_token, found.port) == (TOKEN, 8200)


def test_only_a_pair_of_quotes_is_taken_off(tmp_path: Path) -> None:
    (tmp_path / "ward.toml").write_text("")
    write(tmp_path, "SECRET_KEY_FILE=it's.key\"\n")
    assert settings(tmp_path).key_file == tmp_path / "it's.key\""


def test_the_environment_wins_over_the_file_unless_it_is_empty(tmp_path: Path) -> None:
    write(tmp_path, "WEB_PORT=8200\nLOG_LEVEL=DEBUG\n")
    found = settings(tmp_path, WEB_PORT="8300", LOG_LEVEL=" ")
    assert (found.port, found.log_level) == (8300, "DEBUG")


def test_what_others_put_into_the_environment_is_none_of_our_business(tmp_path: Path) -> None:
    assert settings(tmp_path, PATH="/usr/bin", TELEGRAM_TOKEN="x").telegram_token == ""


def test_an_empty_value_is_no_value(tmp_path: Path) -> None:
    write(tmp_path, 'TELEGRAM_BOT_TOKEN=\nOFFICER_CHAT=\nWEB_PORT=""\n')
    assert settings(tmp_path).port == 8111


def test_an_unknown_key_is_named_with_what_was_probably_meant(tmp_path: Path) -> None:
    write(tmp_path, f"WEB_PORT=8200\nOFICER_CHAT={SECRET}\n")
    (said,) = problems(tmp_path)
    assert "OFICER_CHAT" in said
    assert "OFFICER_CHAT" in said
    assert "2" in said
    assert SECRET not in said


def test_a_secret_pasted_where_a_name_belongs_is_not_repeated(tmp_path: Path) -> None:
    write(tmp_path, f"{TOKEN}\n{TOKEN}=\n")
    said = problems(tmp_path)
    assert len(said) == 2
    assert "AA-not" not in "".join(said)


@pytest.mark.parametrize("data", [b"WEB_PORT=8\xff\xfe", "WEB_PORT=8200".encode("utf-16")])
def test_an_env_file_that_is_no_utf_8_is_said(tmp_path: Path, data: bytes) -> None:
    write(tmp_path, data)
    (said,) = problems(tmp_path)
    assert said.startswith(".env:")
    assert "UTF-8" in said


WRONG = {
    "DATABASE_URL": ["postgresql://x:{}@h/d", "sqlite:///", "{}.db"],
    "OFFICER_CHAT": [
        "-100{}",
        "telegram:@{}",
        "zalo:-1001",
        "telegram:--5",
        "telegram:²",
        "telegram:",
    ],
    "GROUP_SHOWS": ["{}", "Words"],
    "ALERT_HOOK": ["hook.{}", "ftp://{}", "http://[{}", "https://h:{}/"],
    "TELEGRAM_BOT_TOKEN": ["{}", "7000000001:{}", TOKEN + " # {}", "²:" + "a" * 40, "0" + TOKEN],
    "TELEGRAM_API_URL": ["{}", "api.telegram.org", "https://", "http://h:99999"],
    "TELEGRAM_PROXY": ["socks5://{}@h:1080", "{}"],
    "PUBLIC_URL": ["{}", "phuong.example/{}"],
    "WEB_PORT": ["{}", "-1", "65536", "²", "8 0"],
    "LOG_LEVEL": ["{}", "debug", "CRITICAL"],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, all_ in WRONG.items() for v in all_])
def test_a_wrong_value_is_named_and_not_repeated(tmp_path: Path, name: str, value: str) -> None:
    environment = {"TELEGRAM_BOT_TOKEN": TOKEN} | {name: value.format(SECRET)}
    said = problems(tmp_path, **environment)
    assert [one.partition(":")[0] for one in said] == [name]
    assert SECRET not in said[0]
    assert "AA-not" not in said[0]


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    write(tmp_path, "WEB_PORT=x\nnonsense\nUNKNOWN=1\n")
    environment = {name: values[0] for name, values in WRONG.items() if name != "WEB_PORT"}
    said = problems(tmp_path, **environment)
    for name in WRONG:
        assert any(one.startswith(f"{name}:") for one in said), name
    assert len(said) == len(WRONG) + 2


def test_a_group_needs_a_token(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, OFFICER_CHAT="telegram:-1009000000077")
    assert "TELEGRAM_BOT_TOKEN" in said


@pytest.mark.parametrize("name", sorted(NOT_YET))
def test_what_is_not_there_yet_is_not_promised(tmp_path: Path, name: str) -> None:
    (said,) = problems(tmp_path, **{name: SECRET})
    assert said.startswith(f"{name}:")
    assert SECRET not in said


def test_every_name_that_may_not_change_is_known() -> None:
    assert len(set(NAMES)) == len(NAMES) == 24
    assert set(NAMES) >= NOT_YET


def test_addresses_lose_their_closing_slash(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        TELEGRAM_API_URL="http://127.0.0.1:8081/",
        PUBLIC_URL="https://phuong.example/",
        TELEGRAM_PROXY="http://proxy:3128",
    )
    assert found.telegram_api == "http://127.0.0.1:8081"
    assert found.public_url == "https://phuong.example"
    assert found.telegram_proxy == "http://proxy:3128"


def test_settings_shown_in_a_traceback_tell_nothing(tmp_path: Path) -> None:
    found = settings(tmp_path, TELEGRAM_BOT_TOKEN=TOKEN, ALERT_HOOK=f"https://h/{SECRET}")
    assert repr(found) == str(found) == "Settings(trial=True)"


def test_the_roads_out_come_in_pairs_and_repeat_no_secret(tmp_path: Path) -> None:
    said = problems(tmp_path, SMTP_URL=f"smtp://a:{SECRET}@mail.example:587")
    assert [one.partition(":")[0] for one in said] == ["SMTP_URL"]
    said = problems(tmp_path, ALARM_TO="clerk@ward.example")
    assert [one.partition(":")[0] for one in said] == ["ALARM_TO"]
    said = problems(tmp_path, SMTP_URL=f"http://{SECRET}", ALARM_TO=f"a@b.example, {SECRET}")
    assert [one.partition(":")[0] for one in said] == ["SMTP_URL", "ALARM_TO"]
    assert SECRET not in "".join(said)
    found = settings(
        tmp_path, SMTP_URL="smtps://u:p@mail.example", ALARM_TO="a@ward.example, b@ward.example"
    )
    assert found.alarm_to == ("a@ward.example", "b@ward.example")


def test_a_webhook_needs_a_secret_nobody_guesses_and_a_bot(tmp_path: Path) -> None:
    address, good = "https://phuong.example/telegram", "a-Z_0" * 8
    for environment in (
        {"TELEGRAM_WEBHOOK_URL": address, "TELEGRAM_BOT_TOKEN": TOKEN},
        {"TELEGRAM_WEBHOOK_SECRET": good, "TELEGRAM_BOT_TOKEN": TOKEN},
        {"TELEGRAM_WEBHOOK_URL": address, "TELEGRAM_WEBHOOK_SECRET": good},
        {
            "TELEGRAM_WEBHOOK_URL": address,
            "TELEGRAM_WEBHOOK_SECRET": SECRET,
            "TELEGRAM_BOT_TOKEN": TOKEN,
        },
        {
            "TELEGRAM_WEBHOOK_URL": "http://phuong.example/telegram",
            "TELEGRAM_WEBHOOK_SECRET": good,
            "TELEGRAM_BOT_TOKEN": TOKEN,
        },
    ):
        (said,) = problems(tmp_path, **environment)
        assert said.startswith("TELEGRAM_WEBHOOK")
        assert SECRET not in said
    found = settings(
        tmp_path,
        TELEGRAM_WEBHOOK_URL=address,
        TELEGRAM_WEBHOOK_SECRET=good,
        TELEGRAM_BOT_TOKEN=TOKEN,
    )
    assert (found.webhook_url, found.webhook_secret) == (address, good)


def test_backups_go_beside_the_data_unless_said_otherwise(tmp_path: Path) -> None:
    assert settings(tmp_path).backup_dir == tmp_path / "data" / "trial" / "backups"
    (tmp_path / "ward.toml").write_text("")
    key = {"SECRET_KEY_FILE": "keys/root.key"}
    assert settings(tmp_path, **key).backup_dir == tmp_path / "backups"
    found = settings(tmp_path, BACKUP_DIR="/mnt/b", COMMITTEE_KEY_FILE="c.pub", **key)
    assert (found.backup_dir, found.committee_key) == (Path("/mnt/b"), tmp_path / "c.pub")
