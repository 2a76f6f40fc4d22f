"""People around the real process: a child or an officer at the fake Telegram, a browser at a page.

They act and wait for what comes back; everything goes through real HTTP.
"""

import re
from dataclasses import dataclass

import httpx

from tests.fakes.telegram import FakeTelegram, Shown

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
PATIENCE_S = 10.0


@dataclass
class Person:
    """Somebody in their private chat with the bot."""

    tg: FakeTelegram
    id: int
    seen: int = 0

    async def hears(self, within: float = PATIENCE_S) -> Shown:
        """The next message of the bot that they have not seen yet."""

        def fresh() -> Shown | None:
            news = [one for one in self.tg.from_bot(self.id) if one.message_id > self.seen]
            return news[0] if news else None

        shown = await self.tg.wait_for(fresh, within)
        assert shown is not None
        self.seen = shown.message_id
        return shown

    async def says(self, text: str) -> Shown:
        self.tg.say(self.id, text)
        return await self.hears()

    async def presses(self, shown: Shown, button: str) -> Shown:
        """Press a button by its label, or the beginning of its data; what it brings."""
        data = [str(b["callback_data"]) for b in shown.buttons if "callback_data" in b]
        self.tg.press(self.id, shown, next((one for one in data if one.startswith(button)), button))
        return await self.hears()

    async def starts(self, payload: str = "") -> Shown:
        self.tg.start(self.id, payload)
        return await self.hears()

    async def tells(self, words: str) -> Shown:
        """The short way from nothing to a report that can be sent."""
        first = await self.presses(await self.starts(), "a.for.me")
        await self.presses(first, "a.now.no")
        return await self.says(words)

    async def reports(self, words: str) -> Shown:
        """Tell and send; gives the receipt."""
        return await self.presses(await self.tells(words), "go.send")

    async def goes_through_the_door(self, shown: Shown, button: str) -> Shown:
        """Press a card's button in the group and follow the link into the own chat."""
        query = self.tg.press(self.id, shown, button)
        answer = await self.tg.wait_for(lambda: self.tg.answers.get(query))
        assert answer is not None
        url = str(answer["url"])
        assert url.startswith("https://t.me/"), answer
        return await self.starts(url.partition("?start=")[2])


@dataclass
class Browser:
    """A browser without scripts at the real web server: forms in, pages out."""

    http: httpx.AsyncClient
    page: str = ""

    async def opens(self, path: str = "/") -> str:
        answer = await self.http.get(path)
        assert answer.status_code == 200, answer.status_code
        self.page = answer.text
        return self.page

    async def sends(self, **fields: str) -> str:
        """Fill in the chat's newest page."""
        return await self.fills_in("talk", "/", fields)

    async def at_desk(self, **fields: str) -> str:
        """Fill in the desk's newest page."""
        return await self.fills_in("mine", "/desk", fields)

    async def fills_in(self, form: str, path: str, fields: dict[str, str]) -> str:
        own = self.page[self.page.index(f'<form id="{form}"') :]
        hidden = dict(HIDDEN.findall(own[: own.index("</form>")]))
        answer = await self.http.post(path, data=hidden | fields)
        assert answer.status_code == 200, answer.status_code
        self.page = answer.text
        return self.page

    async def enters(self, token: str) -> int:
        """Use a one-time link of the desk; gives the status."""
        await self.opens(f"/desk/vao/{token}")
        answer = await self.http.post("/desk/vao", data={"invite": token})
        if answer.status_code == 303:
            await self.opens("/desk")
        return answer.status_code

    def button(self, verb: str) -> str:
        """The newest button of this verb on the desk's page."""
        found = re.findall(rf'name="choice" value="(d\.{verb}\.[^"]+)"', self.page)
        assert found, f"no button {verb}"
        return str(found[-1])
