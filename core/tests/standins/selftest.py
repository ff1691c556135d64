"""Checks that each stand-in behaves on the wire like the server that it stands in for. Run it with any Python 3.

It prints one line per check and finally `N passed, N failed`.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
SETUP = subprocess.run([str(HERE / "setup.sh")], check=True, stdout=subprocess.PIPE, text=True).stdout
PATHS = dict(line.split("=", 1) for line in SETUP.splitlines())
try:
    import requests
    import socketio
    import websocket
except ImportError:
    os.execv(PATHS["PYTHON_NEW"], [PATHS["PYTHON_NEW"], *sys.argv])

Json = dict[str, Any]
SILENCE_SECONDS = 0.3  # seconds without a packet that count as silence


class StandIn:
    """A running stand-in server."""

    def __init__(self, name: str, *flags: str) -> None:
        kind, _, age = name.partition("-")
        program = (
            [PATHS["NODE"], "node_server.mjs"]
            if kind == "node"
            else [PATHS[f"PYTHON_{age.upper()}"], f"{kind}_server.py"]
        )
        self.process = subprocess.Popen(
            [*program, *flags],
            cwd=HERE,
            env={**os.environ, "NODE_MODULES": PATHS["NODE_MODULES"]},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout and self.process.stdin
        info = json.loads(self.process.stdout.readline())
        self.base, self.admin_url = info["base_url"], info["admin_url"]
        self.project, self.projects, self.other = info["project_id"], info["project_ids"], info["other_project_id"]
        self.key, self.email, self.password = info["api_key"], info["email"], info["password"]

    def admin(self, call: str, **body: Any) -> Json:
        answer = requests.post(f"{self.admin_url}/{call}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def api(self, method: str, path: str, key: str | None = "", **more: Any) -> requests.Response:
        key = self.key if key == "" else key
        headers = {"Content-Type": "application/json", **({"X-API-Key": key} if key else {})}
        return requests.request(method, f"{self.base}/api/{path}", headers=headers, timeout=10, **more)

    def login(self) -> str:
        session = requests.Session()
        answer = self.submit_login(session, self.csrf_token(session), self.password)
        assert answer.status_code == 302 and answer.headers["Location"] == "/dashboard/", answer.text
        return f"session={session.cookies['session']}"

    def csrf_token(self, session: requests.Session) -> str:
        page = session.get(f"{self.base}/auth/login", timeout=10).text
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert found, page
        return found[1]

    def submit_login(self, session: requests.Session, csrf_token: str, password: str) -> requests.Response:
        form = {"csrf_token": csrf_token, "email": self.email, "password": password}
        return session.post(f"{self.base}/auth/login", data=form, allow_redirects=False, timeout=10)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def running(name: str, *flags: str) -> Iterator[StandIn]:
    server = StandIn(name, *flags)
    try:
        yield server
    finally:
        server.stop()


class RawSocket:
    """A WebSocket that exchanges packets as text, without a Socket.IO library."""

    def __init__(self, server: StandIn, cookie: str | None = None, query: str = "", connect: str | None = "40") -> None:
        url = f"{server.base.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket{query}"
        self.ws = websocket.create_connection(url, cookie=cookie, timeout=5)
        self.open = json.loads(self.next()[1:])
        if connect is not None:
            self.send(connect)

    def send(self, packet: str) -> None:
        self.ws.send(packet)

    def next(self) -> str:
        return str(self.ws.recv())

    def skip_to(self, prefix: str) -> str:
        while not (packet := self.next()).startswith(prefix):
            pass
        return packet

    def is_silent(self) -> bool:
        """Returns whether no packet arrives for a while."""
        self.ws.settimeout(SILENCE_SECONDS)
        try:
            self.ws.recv()
            return False
        except websocket.WebSocketTimeoutException:
            return True
        finally:
            self.ws.settimeout(5)

    def wait_for_end(self) -> str:
        try:
            while True:
                if self.ws.recv_frame().opcode == websocket.ABNF.OPCODE_CLOSE:
                    return "close frame"
        except websocket.WebSocketConnectionClosedException:
            return "fin"
        except ConnectionError:
            return "rst"

    def send_event(self, name: str, *args: Any, ack: str = "") -> None:
        self.send(f"42{ack}{json.dumps([name, *args])}")


def connect_with_cookie(server: StandIn, cookie: str) -> RawSocket:
    raw = RawSocket(server, cookie)
    raw.skip_to("40")
    return raw


def connect_with_key(server: StandIn) -> RawSocket:
    raw = RawSocket(server, query=f"&api_key={server.key}")
    assert raw.next().startswith('40{"sid":')
    return raw


def join_project(raw: RawSocket, server: StandIn) -> RawSocket:
    raw.send_event("join_project", {"project_id": server.project}, ack="7")
    raw.skip_to('42["joined_project"')
    assert raw.next() == "437[]"
    return raw


def payload(packet: str) -> Any:
    return json.loads(packet[2:])[1]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "condition not reached"
        time.sleep(0.01)


CHECKS: list[tuple[str, Callable[[], None]]] = []


def check(*names: str) -> Callable[[Callable[[str], None]], Callable[[str], None]]:
    """Registers a check for each of the named stand-ins."""

    def register(function: Callable[[str], None]) -> Callable[[str], None]:
        for name in names:
            CHECKS.append((f"{name}: {function.__name__.replace('_', ' ')}", lambda name=name: function(name)))
        return function

    return register


FLASK = ("flask-new", "flask-old")
ASGI = ("asgi-new", "asgi-old")
ALL = (*FLASK, *ASGI, "node")


@check(*FLASK)
def the_login_form_opens_a_session(name: str) -> None:
    with running(name) as server:
        session = requests.Session()
        csrf_token = server.csrf_token(session)
        assert server.submit_login(session, "", server.password).status_code == 400
        wrong = server.submit_login(session, csrf_token, "wrong")
        assert wrong.status_code == 200 and 'name="csrf_token"' in wrong.text
        assert server.submit_login(session, csrf_token, server.password).status_code == 302
        assert requests.get(f"{server.base}/dashboard/", allow_redirects=False, timeout=10).status_code == 302


@check(*FLASK)
def connected_precedes_the_acknowledgement(name: str) -> None:
    with running(name) as server:
        raw = RawSocket(server, server.login())
        settings = {key: raw.open[key] for key in ("pingInterval", "pingTimeout", "maxPayload")}
        assert settings == {"pingInterval": 25000, "pingTimeout": 120000, "maxPayload": 1000000}
        assert raw.next() == '42["connected",{"message":"Connected to AutoModerate"}]'
        assert raw.next().startswith('40{"sid":')
        assert raw.is_silent()


@check(*FLASK)
def sockets_without_a_session_are_refused(name: str) -> None:
    with running(name) as server:
        for query in ("", f"&api_key={server.key}"):
            raw = RawSocket(server, query=query, connect="40" + (json.dumps({"api_key": server.key}) if query else ""))
            if name == "flask-old":
                assert raw.next() == "41"
                assert raw.next().startswith('40{"sid":')
                raw.send_event("join_project", {"project_id": server.project}, ack="0")
                assert raw.is_silent()
            else:
                assert raw.next().startswith('40{"sid":')
                assert raw.is_silent()
                raw.send_event("join_project", {"project_id": server.project}, ack="0")
                assert raw.next() == '42["error",{"message":"Authentication required"}]'
                assert raw.next() == "430[]"
        stats = server.admin("stats")
        assert (stats["attempts_total"], stats["connections_total"], len(stats["attempt_times"])) == (2, 0, 2)


@check(*FLASK)
def excess_attempts_are_refused(name: str) -> None:
    with running(name, "--rate-limit", "2", "--rate-window", "60") as server:
        cookie = server.login()
        for _ in range(2):
            connect_with_cookie(server, cookie)
        raw = RawSocket(server, cookie)
        if name == "flask-old":
            assert raw.next() == "41"
            assert raw.next().startswith('40{"sid":')
            raw.send_event("join_project", {"project_id": server.project}, ack="0")
            assert raw.is_silent()
        else:
            assert raw.next().startswith('40{"sid":')
            raw.send_event("join_project", {"project_id": server.project})
            assert raw.next().startswith('42["joined_project",')


@check(*FLASK)
def projects_are_joined_and_left(name: str) -> None:
    with running(name, "--projects", "6") as server:
        raw = connect_with_cookie(server, server.login())
        unknown = "665d74fa-2629-466a-837a-084024fe1be0"
        for data, message in [
            ({"project_id": unknown}, f"Project {unknown} not found"),
            ({"project_id": server.other}, "Access denied - you are not a member of this project"),
            ({}, "Project ID required"),
            ({"project_id": None}, "Project ID required"),
            ({"project_id": 5}, "Invalid project ID format"),
            ({"project_id": "x" * 101}, "Invalid project ID format"),
            ("abc", "Server error occurred"),
            ([1], "Server error occurred"),
            (None, "Server error occurred"),
        ]:
            raw.send_event("join_project", data, ack="1")
            assert raw.next() == f'42["error",{json.dumps({"message": message}, separators=(",", ":"))}]', message
            assert raw.next() == "431[]"
        raw.send_event("join_project", ack="2")
        raw.send_event("heartbeat", ack="3")
        assert raw.is_silent()
        raw.send_event("join_project", {"project_id": server.project}, ack="4")
        reply = {"project_id": server.project, "room": f"project_{server.project}"}
        assert payload(raw.next()) == reply
        assert raw.next() == "434[]"
        assert server.admin("stats")["joined"] == {server.project: 1}
        raw.send_event("leave_project", {"project_id": "never-joined"})
        assert raw.next() == '42["left_project",{"project_id":"never-joined"}]'
        raw.send_event("leave_project", {})
        assert raw.next() == '42["error",{"message":"Project ID required"}]'
        for project in server.projects:
            raw.send_event("join_project", {"project_id": project})
        assert {payload(raw.next())["project_id"] for _ in range(6)} == set(server.projects)
        counted = server.admin("stats")["events_received"]
        assert counted["heartbeat"] == 1 and counted["leave_project"] == 2


@check(*FLASK)
def deployed_updates_have_all_shapes(name: str) -> None:
    with running(name) as server:
        raw = join_project(connect_with_cookie(server, server.login()), server)

        def update(content: str, **more: Any) -> tuple[Json, str]:
            answer = server.api("POST", "moderate", json={"content": content, **more}).json()
            packet = raw.next()
            assert answer["success"] and answer["content_id"] == payload(packet)["content_id"]
            return payload(packet), packet

        data, _ = update("hello there")
        assert list(data) == [
            *("content_id", "project_id", "status", "content_type", "content_preview", "meta_data", "results_count"),
            *("processing_time", "moderator_type", "moderator_name", "rule_name", "timestamp"),
        ]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?", data["timestamp"])
        assert (data["meta_data"], data["rule_name"], data["moderator_name"]) == (None, "Unknown Rule", "Rule")
        data, _ = update("spamword", metadata={"user_id": 7, "deep": {"a": [1, None, True]}})
        assert (data["status"], data["rule_name"]) == ("rejected", "Spam words")
        assert data["meta_data"] == {"user_id": 7, "deep": {"a": [1, None, True]}}
        assert update("call 555-1234")[0]["status"] == "flagged"
        data, _ = update("aiword")
        assert (data["moderator_type"], data["moderator_name"], data["rule_name"]) == ("ai", "AI", None)
        data, _ = update("nobodyword")
        assert (data["moderator_type"], data["moderator_name"], data["results_count"]) == ("unknown", "Unknown", 0)
        assert '"processing_time":8.106231689453125e-06,' in update("instantword")[1]
        data, packet = update("roundword")
        assert '"processing_time":0,' in packet and "." not in data["timestamp"]
        assert update("b" * 100)[0]["content_preview"] == "b" * 100
        data, packet = update("é" * 101)
        assert data["content_preview"] == "é" * 100 + "..." and packet.isascii()


@check(*FLASK)
def deployed_rest_responses(name: str) -> None:
    with running(name) as server:
        assert server.api("GET", "health", key=None).json()["status"] == "healthy"
        for key in (None, "nonsense", "am_" + "x" * 43):
            denied = server.api("GET", "stats", key=key)
            assert denied.status_code == 401 and denied.json()["success"] is False
        broken = server.api("POST", "moderate", data="{")
        assert broken.status_code == 500 and broken.json()["error_code"] == "INTERNAL_ERROR"
        ids = [server.api("POST", "moderate", json={"content": f"text {n}"}).json()["content_id"] for n in range(3)]
        page = server.api("GET", "content").json()
        assert page["pagination"] == {"page": 1, "per_page": 50, "has_more": False}
        assert [item["id"] for item in page["content"]] == ids[::-1]
        assert server.api("GET", "content?per_page=2").json()["pagination"]["has_more"] is True
        assert server.api("GET", "content?status=rejected").json()["content"] == []
        item = server.api("GET", f"content/{ids[0]}").json()["content"]
        assert item["content_data"] == "text 0" and item["meta_data"] is None
        missing = server.api("GET", f"content/{server.other}")
        assert missing.status_code == 404 and missing.json()["error"] == "Content not found"
        stats = server.api("GET", "stats").json()["stats"]
        assert stats == {**stats, "total_content": 3, "approved": 3, "pending": 0, "approval_rate": 100.0}


@check(*FLASK)
def sessions_can_expire(name: str) -> None:
    with running(name) as server:
        cookie = server.login()
        connect_with_cookie(server, cookie)
        server.admin("expire_sessions")
        packets = ["41", "40"] if name == "flask-old" else ["40"]
        raw = RawSocket(server, cookie)
        assert [raw.next()[:2] for _ in packets] == packets


@check(*FLASK)
def polling_silently_drops_requests_of_more_than_16_packets(name: str) -> None:
    with running(name) as server:
        url = f"{server.base}/socket.io/?EIO=4&transport=polling"
        headers = {"Cookie": server.login()}
        sid = json.loads(requests.get(url, headers=headers, timeout=10).text[1:])["sid"]
        url += f"&sid={sid}"
        requests.post(url, data="40", timeout=10)
        text = ""
        while "40{" not in text:
            text += requests.get(url, timeout=10).text
        many = requests.post(url, data="\x1e".join(['42["heartbeat"]'] * 17), timeout=10)
        assert (many.status_code, many.text) == (200, "OK")
        assert server.admin("stats")["events_received"] == {}
        unknown = requests.get(f"{server.base}/socket.io/?EIO=4&transport=polling&sid=unknown", timeout=10)
        assert unknown.status_code == 400 and isinstance(unknown.json(), str)


@check(*ASGI, "node")
def documented_connection_and_rooms(name: str) -> None:
    with running(name, "--max-rooms", "1", "--projects", "2") as server:
        raw = connect_with_key(server)
        assert raw.is_silent()  # there is no `connected` event
        for data in ({}, "abc"):
            raw.send_event("join_project", data, ack="1")
        raw.send_event("heartbeat")
        assert raw.is_silent()
        raw.send_event("join_project", {"project_id": server.other}, ack="2")
        assert payload(raw.skip_to("42")) == {"message": "Access denied to project"}
        assert raw.next() == "432[]"
        raw.send_event("join_project", {"project_id": server.project}, ack="3")
        assert payload(raw.next()) == {"project_id": server.project}
        assert raw.next() == "433[]"
        raw.send_event("join_project", {"project_id": server.projects[1]})
        assert payload(raw.next()) == {"message": "Room limit exceeded"}
        server.api("POST", "moderate", json={"content": "c" * 101})
        update = payload(raw.skip_to('42["moderation_update"'))
        assert update["timestamp"].endswith("Z") and update["content_preview"].endswith("...")
        assert (update["meta_data"], update["moderator_name"]) == ({}, "AI Rule")
        assert payload(raw.skip_to('42["stats_update"'))["total_content"] == 1
        raw.send_event("leave_project", {"project_id": server.project})
        assert payload(raw.next()) == {"project_id": server.project}


@check(*ASGI, "node")
def documented_limits(name: str) -> None:
    with running(name, "--max-connections", "1", "--max-events", "3", "--denied", "event") as server:
        raw = connect_with_key(server)
        assert RawSocket(server, query=f"&api_key={server.key}").next().startswith("44")
        raw.send_event("join_project", {"project_id": server.other})
        assert raw.next() == '42["project_access_denied",{"message":"Access denied to project"}]'
        for _ in range(3):
            raw.send_event("heartbeat")
        assert raw.skip_to("42") == '42["error",{"message":"Rate limit exceeded"}]'


@check(*ASGI, "node")
def documented_rest_responses(name: str) -> None:
    with running(name) as server:
        assert server.api("GET", "stats", key=None).json() == {"error": "API key required"}
        assert server.api("POST", "moderate", data="{").status_code == 400
        for n in range(3):
            server.api("POST", "moderate", json={"content": f"spamword {n}"})
        page = server.api("GET", "content?per_page=2").json()
        expected = {"page": 1, "pages": 2, "per_page": 2, "total": 3, "has_next": True, "has_prev": False}
        assert page["pagination"] == expected
        assert server.api("GET", "content").json()["pagination"]["per_page"] == 20
        item = server.api("GET", f"content/{page['content'][0]['id']}").json()["content"]
        assert item["content_data"] == "spamword 2"
        assert server.api("GET", "stats").json()["stats"]["rejected"] == 3


@check(*ASGI)
def asgi_refuses_in_each_configured_way(name: str) -> None:
    for how, packets in {
        "error": ['44{"message":"Authentication failed"}'],
        "false": ['44{"message":"Connection rejected by server"}'],
        "error_event": ['40{"sid":', '42["authentication_failed",{"message":"Authentication failed"}]', "41"],
        "disconnect_data": ['40{"sid":', '41{"message":"Connection rejected by server"}'],
    }.items():
        with running(name, "--refuse", how) as server:
            raw = RawSocket(server, query="&api_key=am_wrong")
            for packet in packets:
                assert (got := raw.next()).startswith(packet), (how, got)
            assert RawSocket(server, connect="40/foo,").next() == '44/foo,"Unable to connect"'
            connect_with_key(server)


@check("node")
def node_refuses_in_each_configured_way(name: str) -> None:
    with running(name) as server:
        assert RawSocket(server).next() == '44{"message":"Authentication failed"}'
    with running(name, "--refuse", "disconnect") as server:
        raw = RawSocket(server)
        assert raw.next().startswith('40{"sid":')
        assert raw.next().startswith('42["authentication_failed"')
        assert raw.next() == "41"
        connect_with_key(server)


@check("node")
def state_recovery_resends_missed_events(name: str) -> None:
    with running(name, "--recovery", "on") as server:
        raw = RawSocket(server, query=f"&api_key={server.key}")
        private = json.loads(raw.next()[2:])["pid"]
        join_project(raw, server)
        server.admin("emit", event="user_activity", data=1, project_id=server.project)
        offset = json.loads(raw.next()[2:])[2]
        server.admin("cut")
        wait_until(lambda: server.admin("stats")["connected"] == 0)
        server.admin("emit", event="user_activity", data=2, project_id=server.project)
        auth = json.dumps({"pid": private, "offset": offset})
        raw = RawSocket(server, query=f"&api_key={server.key}", connect=f"40{auth}")
        assert payload(raw.next()) == 2  # the missed event precedes the acknowledgement
        assert raw.next().startswith('40{"sid":')
        assert server.admin("stats")["recovered_total"] == 1
        server.admin("cut")
        wait_until(lambda: server.admin("stats")["connected"] == 0)
        server.admin("refuse", on=True)
        RawSocket(server, query=f"&api_key={server.key}", connect=f"40{auth}").skip_to("44")


@check("node")
def binary_events_have_attachments(name: str) -> None:
    with running(name) as server:
        raw = connect_with_key(server)
        server.admin("emit_binary", event="blob", bytes=300)
        assert raw.next() == '451-["blob",{"kind":"binary","payload":{"_placeholder":true,"num":0}}]'
        assert raw.ws.recv() == bytes(n % 256 for n in range(300))


def connect(name: str, server: StandIn, cookies: dict[str, str]) -> RawSocket:
    """Connects with the credentials that the stand-in requires; one login serves several connections."""
    if not name.startswith("flask"):
        return connect_with_key(server)
    if server.base not in cookies:
        cookies[server.base] = server.login()
    return connect_with_cookie(server, cookies[server.base])


@check(*ALL)
def the_admin_interface_controls_the_server(name: str) -> None:
    cookies: dict[str, str] = {}
    with running(name) as server:
        raw = join_project(connect(name, server, cookies), server)
        for data in ("text", None, 5, [1, {"a": None}], {"big": "x" * 200_000}):
            server.admin("emit", event="anything", data=data, project_id=server.project)
            assert payload(raw.next()) == data
        server.admin("emit", event="anything")
        assert raw.next() == '42["anything"]'
        server.admin("emit", event="anything", args=[1, 2])
        assert raw.next() == '42["anything",1,2]'
        moderated = server.admin("moderate", content="spamword", project_id=server.project)
        assert payload(raw.next()) == moderated["update"]
        server.admin("joins", error="Server timeout - please try again")
        raw.send_event("join_project", {"project_id": server.project})
        assert payload(raw.skip_to('42["error"'))["message"] == "Server timeout - please try again"
        server.admin("joins", silent=True)
        raw.send_event("join_project", {"project_id": server.project}, ack="9")
        assert raw.is_silent()
        server.admin("joins")
        server.admin("access", member=False)
        raw.send_event("join_project", {"project_id": server.project})
        assert payload(raw.next())["message"].startswith("Access denied")
        server.admin("disconnect_clients")
        assert raw.next() == "41"
        for how in ("fin", "rst"):
            raw = connect(name, server, cookies)
            assert server.admin("cut", how=how)["cut"] >= 1
            assert raw.wait_for_end() == how
        wait_until(lambda: server.admin("stats")["connected"] == 0)
        sid = json.loads(requests.get(f"{server.base}/socket.io/?EIO=4&transport=polling", timeout=10).text[1:])["sid"]
        raw = connect(name, server, cookies)
        server.admin("restart_engine")
        assert raw.wait_for_end() == "fin"
        answer = requests.get(f"{server.base}/socket.io/?EIO=4&transport=polling&sid={sid}", timeout=10)
        assert answer.status_code == 400, answer.text
        server.admin("refuse", on=True)
        before = server.admin("stats")["connections_total"]
        query = f"&api_key={server.key}"
        RawSocket(server, cookies.get(server.base), query).next()
        server.admin("refuse", on=False)
        connect(name, server, cookies)
        assert server.admin("stats")["connections_total"] == before + 1


@check(*ALL)
def the_stock_python_client_receives_events(name: str) -> None:
    with running(name) as server:
        client = socketio.SimpleClient()
        headers = {"Cookie": server.login()} if name.startswith("flask") else {}
        client.connect(f"{server.base}?api_key={server.key}", headers=headers)  # starts with polling
        assert client.transport == "websocket"
        client.emit("join_project", {"project_id": server.project})
        while client.receive(timeout=5)[0] != "joined_project":
            pass
        server.admin("moderate", content="hello")
        assert client.receive(timeout=5)[1]["content_preview"] == "hello"
        client.disconnect()


JAVASCRIPT_CLIENT = """
const { io } = require(process.argv[1] + "/socket.io-client");
const [, , base, key, project, Cookie] = process.argv;
const socket = io(base, { query: { api_key: key }, extraHeaders: Cookie ? { Cookie } : {} });
socket.on("connect", () => socket.emit("join_project", { project_id: project }));
socket.on("joined_project", () => console.log("joined"));
socket.on("moderation_update", (data) => { console.log(data.content_preview); socket.close(); });
"""


@check(*ALL)
def the_stock_javascript_client_receives_events(name: str) -> None:
    with running(name) as server:
        cookie = [server.login()] if name.startswith("flask") else []
        arguments = [PATHS["NODE_MODULES"], server.base, server.key, server.project, *cookie]
        client = subprocess.Popen(
            [PATHS["NODE"], "-e", JAVASCRIPT_CLIENT, *arguments], stdout=subprocess.PIPE, text=True
        )
        try:
            assert client.stdout and client.stdout.readline() == "joined\n"
            server.admin("moderate", content="hello")
            assert client.communicate(timeout=10)[0] == "hello\n"
        finally:
            client.kill()


@check(*ALL)
def a_seed_restores_the_same_identity(name: str) -> None:
    with running(name, "--seed", "one") as server:
        before = (server.project, server.key)
        port = server.base.rsplit(":", 1)[1]
        raw = connect(name, server, {})
    assert raw.wait_for_end() in ("fin", "rst")
    with running(name, "--seed", "one", "--port", port) as server:
        assert (server.project, server.key) == before and server.base.endswith(port)


@check(*ALL)
def the_process_ends_with_its_test(name: str) -> None:
    with running(name) as server:
        assert server.process.stdin
        server.process.stdin.close()
        assert server.process.wait(timeout=5) == 0
    with running(name) as server:
        server.process.terminate()
        assert server.process.wait(timeout=5) == 0


def main() -> int:
    wanted = sys.argv[1:]
    passed = failed = 0
    for title, run in CHECKS:
        if wanted and not any(word in title for word in wanted):
            continue
        try:
            run()
        except Exception:
            failed += 1
            print(f"FAILED {title}\n{traceback.format_exc()}", flush=True)
        else:
            passed += 1
            print(f"ok     {title}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
