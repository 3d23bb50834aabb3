"""The server as its clients see it: API, live stream, security, and what survives a kill."""
import gzip
import http.client
import json
import signal
import socket
import subprocess
import time
import unittest

from program import EMDYN, ProgramTest

WRITER = "writer-secret-0123456789"
READER = "reader-secret-0123456789"


class Stream:
    """A client of the event stream: raw, so that nothing is hidden."""

    def __init__(self, port, path="/api/v1/stream", headers=()):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *headers, "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        while self.file.readline().strip():
            pass
        self.id = ""

    def next(self, *kinds):
        """The next message of one of these kinds (of any, without): (kind, data)."""
        kind, data = "", None
        for line in self.file:
            line = line.decode().rstrip("\n")
            if line.startswith("id: "):
                self.id = line[4:]
            elif line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                data = json.loads(line[6:])
            elif not line and data is not None:
                if not kinds or kind in kinds:
                    return kind, data
                kind, data = "", None
        raise AssertionError("the stream ended")

    def close(self):
        self.file.close()
        self.socket.close()


class Serve(ProgramTest):
    def start(self, *arguments, port=0):
        """A server of this test's store; returns its process, whose `port` and `told` are known."""
        with open(self.folder / "stderr.txt", "ab") as errors:
            process = subprocess.Popen(
                [EMDYN, "serve", "--store", self.store, "--port", str(port), "--json", *map(str, arguments)],
                stdout=subprocess.PIPE, stderr=errors, cwd=self.folder)
        self.addCleanup(process.stdout.close)
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.wait()))
        line = process.stdout.readline()
        if not line:
            self.fail((self.folder / "stderr.txt").read_text())
        process.told = json.loads(line)
        process.port = int(process.told["url"].rsplit(":", 1)[1])
        return process

    def ask(self, server, target, method="GET", body=None, **headers):
        """(status, headers, body) of one request; `body` is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and "Content-Type" not in names:
            names["Content-Type"] = "application/json"
        connection.request(method, target, body=None if body is None else json.dumps(body), headers=names)
        response = connection.getresponse()
        answer = response.status, dict(response.getheaders()), response.read()
        connection.close()
        return answer

    def get(self, server, target, **headers):
        status, _, body = self.ask(server, target, **headers)
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def stream_status(self, server, *headers):
        stream = Stream(server.port, headers=headers)
        stream.close()
        return stream.status

    def spiky(self, name="log.csv", rows=400):
        values = [f"{i},{1 + 0.01 * (i * 7919 % 13)}" for i in range(rows)]
        values[rows // 2] = f"{rows // 2},nan"
        return self.write(name, "step,loss\n" + "\n".join(values) + "\n")

    def imported(self, *arguments):
        self.ok("import", self.spiky(), "--store", self.store)
        server = self.start(*arguments)
        return server, self.get(server, "/api/v1/runs")["runs"][0]["id"] if not arguments else None

    def test_the_api_answers_and_is_quiet_about_what_is_known(self):
        server, run = self.imported()
        status, headers, body = self.ask(server, f"/api/v1/runs/{run}/overviews?columns=50", Accept_Encoding="gzip")
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Encoding"], "gzip")
        overview = json.loads(gzip.decompress(body))["signals"][0]
        self.assertEqual((overview["points"], overview["nonfinite"], overview["exact"]), (400, 1, False))
        status, _, body = self.ask(server, f"/api/v1/runs/{run}/overviews?columns=50", If_None_Match=headers["ETag"])
        self.assertEqual((status, body), (304, b""))
        events = self.get(server, f"/api/v1/runs/{run}/events")["events"]
        self.assertTrue(any(e["kind"] == "nonfinite" for e in events), events)
        known = self.json("events", run, "--store", self.store)["events"]
        self.assertEqual(sorted(e["position"] for e in events), sorted(e["position"] for e in known))
        status, headers, body = self.ask(server, f"/api/v1/runs/{run}/points?signal=loss&format=csv&limit=3")
        self.assertEqual(body.decode().splitlines()[:2], ["position,loss", "0,1"])
        self.assertEqual(headers["X-Next-Offset"], "3")
        status, headers, body = self.ask(server, "/", method="HEAD")
        self.assertEqual((status, body), (200, b""))
        self.assertGreater(int(headers["Content-Length"]), 500)

    def test_the_page_and_all_it_names_come_from_the_program(self):
        self.ok("import", self.spiky(), "--store", self.store)
        server = self.start()
        status, headers, body = self.ask(server, "/")
        self.assertIn("script-src 'self'", headers["Content-Security-Policy"])
        page = body.decode()
        import re
        names = re.findall(r'(?:src|href)="([^"?#]+)"', page)
        self.assertIn("app.js", names)
        for name in names:
            status, headers, text = self.ask(server, "/" + name)
            self.assertEqual(status, 200, name)
            for module in re.findall(r'from "\./([^"]+)"', text.decode()):
                self.assertEqual(self.ask(server, "/" + module)[0], 200, module)

    def test_changes_of_any_writer_reach_the_stream(self):
        log = self.write("live.csv", "step,loss\n" + "".join(f"{i},1\n" for i in range(40)))
        server = self.start("--watch", log, "--poll", "0.05")
        stream = Stream(server.port)
        self.addCleanup(stream.close)
        with open(log, "a") as file:
            file.write("40,nan\n")
        _, told = stream.next("event")
        self.assertEqual((told["index"], told["event"]["kind"], told["event"]["position"]), (0, "nonfinite", 40))
        run = told["run"]
        self.assertEqual(self.get(server, f"/api/v1/runs/{run}")["points"], 41)
        self.ok("runs", "tag", run, "seen", "--store", self.store)
        while stream.next("run")[1]["summary"]["tags"] != ["seen"]:
            pass

    def test_a_client_resumes_where_it_was_and_is_told_when_that_is_gone(self):
        server, run = self.imported()
        stream = Stream(server.port)
        for tag in ("a", "b"):
            self.ask(server, f"/api/v1/runs/{run}/tags", "PUT", {"tags": [tag]})
            while stream.next("run")[1]["summary"]["tags"] != [tag]:
                pass
        seen = stream.id
        stream.close()
        for tag in ("c", "d"):
            self.ask(server, f"/api/v1/runs/{run}/tags", "PUT", {"tags": [tag]})
            time.sleep(0.3)
        again = Stream(server.port, headers=[f"Last-Event-ID: {seen}"])
        kind, told = again.next("run", "resync")
        self.assertEqual((kind, told["summary"]["tags"]), ("run", ["c"]))
        again.close()
        lost = Stream(server.port, f"/api/v1/stream?last_event_id=other-7")
        self.assertEqual(lost.next()[0], "resync")
        lost.close()

    def test_a_killed_server_loses_nothing(self):
        log = self.write("live.csv", "step,loss\n" + "".join(f"{i},1\n" for i in range(40)))
        server = self.start("--watch", log, "--poll", "0.05")
        stream = Stream(server.port)
        with open(log, "a") as file:
            file.write("40,nan\n")
        run = stream.next("event")[1]["run"]
        seen = stream.id
        server.kill()
        server.wait()
        stream.close()
        with open(log, "a") as file:
            file.write("".join(f"{i},1\n" for i in range(41, 90)) + "90,nan\n")
        server = self.start("--watch", log, "--poll", "0.05")
        stream = Stream(server.port, headers=[f"Last-Event-ID: {seen}"])
        self.assertEqual(stream.next()[0], "resync", "a cursor of a server that has ended")
        for _ in range(200):  # What the cursor no longer leads to is asked for by index.
            events = self.get(server, f"/api/v1/runs/{run}/events?after=1")["events"]
            if events:
                break
            time.sleep(0.05)
        self.assertEqual([(e["index"], e["position"]) for e in events], [(1, 90)])
        self.assertEqual(self.get(server, f"/api/v1/runs/{run}")["points"], 91)
        stream.close()

    def test_only_names_of_ours_and_no_pages_of_others(self):
        server, run = self.imported()
        self.assertEqual(self.ask(server, "/api/v1/runs", Host="evil.example")[0], 421)
        self.assertEqual(self.ask(server, "/", Host="evil.example:80")[0], 421)
        self.assertEqual(self.ask(server, "/api/v1/runs", Host=f"localhost:{server.port}")[0], 200)
        self.assertEqual(self.ask(server, f"/api/v1/runs/{run}/tags", "PUT", {"tags": []}, Origin="http://evil.example")[0], 403)
        self.assertEqual(self.stream_status(server, "Origin: http://evil.example"), 403)
        self.assertEqual(self.ask(server, f"/api/v1/runs/{run}/tags", "PUT", {"tags": []}, Content_Type="text/plain")[0], 415)

    def test_tokens_tickets_and_roles(self):
        self.ok("import", self.spiky(), "--store", self.store)
        tokens = self.write("tokens", f"read {READER}\nwrite {WRITER}\n")
        server = self.start("--token-file", tokens)
        self.assertEqual(self.ask(server, "/api/v1/runs")[0], 401)
        self.assertEqual(self.ask(server, "/api/v1/runs", Authorization="Bearer wrong-secret-0123456789")[0], 401)
        self.assertEqual(self.stream_status(server), 401)
        reader = {"Authorization": f"Bearer {READER}"}
        run = self.get(server, "/api/v1/runs", **reader)["runs"][0]["id"]
        self.assertEqual(self.ask(server, f"/api/v1/runs/{run}/tags", "PUT", {"tags": ["x"]}, **reader)[0], 403)
        self.assertEqual(self.ask(server, f"/api/v1/runs/{run}/tags", "PUT", {"tags": ["x"]}, Authorization=f"Bearer {WRITER}")[0], 200)
        ticket = server.told["open"].split(str(server.port), 1)[1]
        status, headers, _ = self.ask(server, ticket)
        self.assertEqual((status, headers["Location"]), (303, "/"))
        self.assertIn("HttpOnly; SameSite=Strict", headers["Set-Cookie"])
        session = {"Cookie": headers["Set-Cookie"].split(";")[0]}
        self.assertEqual(self.ask(server, "/api/v1/runs", **session)[0], 200)
        self.assertEqual(self.stream_status(server, f"Cookie: {session['Cookie']}"), 200)
        self.assertEqual(self.ask(server, ticket)[0], 401, "a replayed ticket")
        for _ in range(400):  # Guessing is slowed down.
            status = self.ask(server, "/api/v1/runs", Authorization="Bearer wrong-secret-0123456789")[0]
            if status == 429:
                break
        self.assertEqual(status, 429)
        audit = (self.folder / "stderr.txt").read_text()
        self.assertIn('"method":"PUT"', audit)
        self.assertIn('"status":403', audit)
        self.assertNotIn(WRITER, audit)

    def test_another_address_makes_a_token_and_shows_it_once(self):
        self.ok("import", self.spiky(), "--store", self.store)
        server = self.start("--address", "0.0.0.0")
        self.assertEqual(self.ask(server, "/api/v1/runs")[0], 401)
        for _ in range(100):
            told = (self.folder / "stderr.txt").read_text()
            if "token, shown this once: " in told:
                break
            time.sleep(0.02)
        token = told.split("token, shown this once: ")[1].split()[0]
        self.assertEqual(self.ask(server, "/api/v1/runs", Authorization=f"Bearer {token}")[0], 200)
        self.assertNotIn(token, json.dumps(server.told))

    def test_read_only_means_nobody_writes(self):
        self.ok("import", self.spiky(), "--store", self.store)
        server = self.start("--read-only")
        run = self.get(server, "/api/v1/runs")["runs"][0]["id"]
        self.assertEqual(self.ask(server, f"/api/v1/runs/{run}/tags", "PUT", {"tags": ["x"]})[0], 403)
        self.assertEqual(self.get(server, f"/api/v1/runs/{run}")["tags"], [])

    def raw(self, server, data, until_closed=True):
        """What comes back for these bytes."""
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            connection.sendall(data)
            answer = b""
            while True:
                try:
                    some = connection.recv(65536)
                except ConnectionResetError:
                    break
                answer += some
                if not some or (not until_closed and b"\r\n\r\n" in answer):
                    break
        return answer

    def test_hostile_bytes_are_refused_and_the_server_goes_on(self):
        server, run = self.imported()
        host = b"Host: 127.0.0.1\r\n"
        put = f"PUT /api/v1/runs/{run}/tags HTTP/1.1\r\n".encode() + host + b"Content-Type: application/json\r\n"
        self.assertIn(b" 413 ", self.raw(server, put + b"Content-Length: 99999999\r\n\r\n"))
        self.assertIn(b" 413 ", self.raw(server, put + b"Transfer-Encoding: chunked\r\n\r\n" + b"10000\r\n" + b"x" * 65536 + b"\r\n" + (b"10000\r\n" + b"x" * 65536 + b"\r\n") * 20))
        self.assertIn(b" 431 ", self.raw(server, b"GET / HTTP/1.1\r\n" + host + b"X: " + b"y" * 20000 + b"\r\n\r\n"))
        self.assertIn(b" 400 ", self.raw(server, b"\x16\x03\x01\x02\x00nonsense\r\n\r\n"))
        self.assertIn(b" 400 ", self.raw(server, b"GET / HTTP/1.1\r\n" + host + b"Content-Length: -5\r\n\r\n"))
        for target in (b"/../../etc/passwd", b"/%2e%2e/etc/passwd", b"/api/v1/runs/../../x", b"/vendor/..%2f..%2fx", b"/api/v1/runs/%00"):
            answer = self.raw(server, b"GET " + target + b" HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n")
            self.assertIn(answer.split()[1], (b"400", b"404"), target)
            self.assertNotIn(b"root:", answer)
        self.assertEqual(self.get(server, "/api/v1/health")["status"], "ok")

    def test_a_client_that_never_reads_holds_up_nobody(self):
        server, run = self.imported()
        stuck = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        self.addCleanup(stuck.close)
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        stuck.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        reader = Stream(server.port)
        self.addCleanup(reader.close)
        wide = ["x" * 60 + str(i) for i in range(30)]
        for i in range(60):
            self.assertEqual(self.ask(server, f"/api/v1/runs/{run}/tags", "PUT", {"tags": wide + [str(i)]})[0], 200)
            while reader.next("run")[1]["summary"]["tags"][-1] != str(i):
                pass
        self.assertEqual(self.get(server, "/api/v1/health")["status"], "ok")

    def test_signals_end_it_quickly_also_with_clients(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self.ok("import", self.spiky(f"{number}.csv"), "--store", self.store)
            server = self.start("--watch", self.folder, "--poll", "0.05")
            stream = Stream(server.port)
            server.send_signal(number)
            self.assertEqual(server.wait(timeout=30), 130)
            stream.file.read()  # To its end: the connection was closed.
            stream.close()
        self.assertEqual(self.run_program("doctor", self.store).returncode, 0)

    def test_what_cannot_be_served_is_refused_in_a_line(self):
        self.refused(3, "serve", "--store", self.folder / "none", naming="no store here")
        self.ok("import", self.spiky(), "--store", self.store)
        self.refused(2, "serve", "--store", self.store, "--address", "example.org", naming="--address")
        self.refused(3, "serve", "--store", self.store, "--watch", self.folder / "none", naming="no such file or folder to watch")
        self.refused(2, "serve", "--store", self.store, "--token-file", self.write("short", "read x"), naming="line 1")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            self.refused(4, "serve", "--store", self.store, "--port", taken.getsockname()[1], naming="cannot listen")


if __name__ == "__main__":
    unittest.main()
