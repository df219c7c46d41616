"""Runs autobahntestsuite's fuzzing client or its fuzzing server, on Python 3.

Started by ./run inside its virtual environment; not meant to be called by hand. It
reads what to do from stdin, as JSON:

    list       true: print the ids of all cases, and nothing else
    url        of the server that is judged, by the fuzzing client; or
    client     the command that starts the client to be judged, by the fuzzing server
    outdir     for the reports
    cases      their ids
    messages   how many each compression case sends
    max_wait   seconds that a case may wait for the peer
    timeout    seconds for the whole run
"""

import json
import os
import subprocess
import sys
import time

from suite import b2a_hex, load_suite, to_bytes, to_text


def bin_log_data(data, maxlen=64):
    data = to_bytes(data)
    ellipses = " ..."
    if len(data) > maxlen - len(ellipses):
        return b2a_hex(data[:maxlen]) + ellipses
    return b2a_hex(data)


def ascii_log_data(data, maxlen=64, replace=False):
    data = to_bytes(data)
    ellipses = b" ..."
    short = data[:maxlen] + ellipses if len(data) > maxlen - len(ellipses) else data
    try:
        return short.decode("utf8", "replace" if replace else "strict")
    except UnicodeDecodeError:
        return "0x" + bin_log_data(data, maxlen)


class CloseReason(bytes):
    def decode(self, encoding="utf8", errors="replace"):
        return bytes.decode(self, encoding, errors)


def make_protocol(base, max_wait):
    """One of the suite's two protocol classes, made to run on Python 3."""

    class Protocol(base):
        # cases -> wire

        def sendFrame(self, opcode, payload=b"", fin=True, rsv=0, mask=None,
                      payload_len=None, chopsize=None, sync=False):
            payload = to_bytes(payload)
            if payload_len is not None:
                # autobahn 0.10.9 repeats the payload with a Python 2 division
                payload = (payload * (payload_len // len(payload) + 1))[:payload_len]
            base.sendFrame(self, opcode, payload, fin, rsv,
                           None if mask is None else to_bytes(mask), None, chopsize, sync)

        def sendMessage(self, payload, *args, **kw):
            base.sendMessage(self, to_bytes(payload), *args, **kw)

        def sendMessageFrame(self, payload, *args, **kw):
            return base.sendMessageFrame(self, to_bytes(payload), *args, **kw)

        def sendMessageFrameData(self, payload, *args, **kw):
            return base.sendMessageFrameData(self, to_bytes(payload), *args, **kw)

        def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
            if reasonUtf8 is not None:
                reasonUtf8 = to_bytes(reasonUtf8)
            base.sendCloseFrame(self, code, reasonUtf8, isReply)

        # wire -> cases

        def onMessage(self, payload, isBinary):
            if not type(self.runCase).__name__.startswith(("Case12_", "Case13_")):
                payload = to_text(payload)
            base.onMessage(self, payload, isBinary)

        def onPong(self, payload):
            base.onPong(self, to_text(payload))

        def onCloseFrame(self, code, reasonRaw):
            # autobahn decodes the reason even after it has found it invalid
            if reasonRaw is not None:
                reasonRaw = CloseReason(reasonRaw)
            return base.onCloseFrame(self, code, reasonRaw)

        # no case waits longer than max_wait, whatever it asks for; and where a case
        # waits for nothing but the end of the connection, it ends here (autobahn
        # waits for ever when the server closes first and keeps the TCP connection)

        def closeAfter(self, delay):
            base.closeAfter(self, min(delay, max_wait))

        def watch(self):
            """From here on the case has so many seconds."""
            print("case %s" % self.case_id(), flush=True)
            section = self.case_id().split(".")[0]
            limit = max_wait + 10 if section in ("9", "12", "13") else 15
            self.watchdog = self.factory.reactor.callLater(limit, self.give_up)

        def give_up(self):
            self.stuck = True
            self.transport.abortConnection()

        def case_id(self):
            return self.factory.CaseSet.caseClasstoId(self.Case)

        def connectionMade(self):
            self.stuck = False
            self.watchdog = None
            base.connectionMade(self)
            if self.runCase:  # the fuzzing server does not know it yet
                self.watch()

        def onConnect(self, handshake):
            if self.factory.isServer:
                protocol = base.onConnect(self, handshake)
                if self.runCase:
                    self.watch()
                return protocol

        def connectionLost(self, reason):
            for attr in ("http_request_data", "http_response_data", "localCloseReason"):
                value = getattr(self, attr, None)
                if isinstance(value, bytes):
                    setattr(self, attr, to_text(value))
            if self.watchdog and self.watchdog.active():
                self.watchdog.cancel()
            base.connectionLost(self, reason)
            if self.stuck:
                result = self.factory.agents[self.caseAgent][self.case_id()]
                result["behavior"] = "FAILED"
                result["result"] = "The connection did not end; the suite gave up."

        # reports

        def logRxFrame(self, frameHeader, payload):
            base.logRxFrame(self, frameHeader, [to_text(b"".join(payload))])

    return Protocol


def fuzzing_client(fuzzing, reactor, config, state):
    """Judges the server at config["url"]; stops the reactor when it is through."""
    return fuzzing.FuzzingClientFactory({
        "outdir": config["outdir"],
        "servers": [{"agent": "server", "url": config["url"]}],
        "cases": config["cases"],
    })


def fuzzing_server(fuzzing, reactor, config, state):
    """Judges the program config["client"], started with the URL of a free port; stops the
    reactor when it has ended, and leaves its exit status in the state."""
    spec = {"outdir": config["outdir"], "url": "ws://127.0.0.1:1", "cases": config["cases"]}
    factory = fuzzing.FuzzingServerFactory(spec)
    factory.protocol = fuzzing.FuzzingServerProtocol
    port = reactor.listenTCP(0, factory, interface="127.0.0.1").getHost().port
    # autobahn compares the port with that of Host
    url = "ws://127.0.0.1:%d" % port
    factory.setSessionParameters(url=url, protocols=[], server=factory.server)
    with open(os.path.join(config["outdir"], "program.log"), "wb") as output:
        program = subprocess.Popen(config["client"] + [url], stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.STDOUT)

    def wait():
        state["status"] = program.wait()
        if reactor.running:
            reactor.callFromThread(reactor.stop)

    def stopped():
        if program.poll() is None:
            program.kill()
        # whatever the program asked for: what it has run is in the reports
        factory.createReports()

    reactor.addSystemEventTrigger("before", "shutdown", stopped)
    reactor.callInThread(wait)
    return factory


def main():
    config = json.load(sys.stdin)
    fuzzing = load_suite()
    from twisted.internet import reactor
    from twisted.python import log

    fuzzing.binLogData = bin_log_data
    fuzzing.asciiLogData = ascii_log_data
    for name in ("FuzzingClientProtocol", "FuzzingServerProtocol"):
        setattr(fuzzing, name, make_protocol(getattr(fuzzing, name), config["max_wait"]))
    # the suite compares pickles; on Python 3 these differ between equal values,
    # because strings are memoised by identity
    fuzzing.Case.compare = lambda self, a, b: a == b

    cases = {".".join(c.__name__[4:].split("_")): c for c in fuzzing.Cases}
    if config["list"]:
        print(json.dumps(list(cases)))
        return 0
    for case_id in config["cases"]:
        if case_id.startswith(("12.", "13.")):
            cases[case_id].COUNT = config["messages"]

    errors = []

    def observe(event):
        if event.get("isError"):
            text = log.textFromEventDict(event) or repr(event)
            errors.append(text)
            print("HARNESS ERROR", text, flush=True)

    log.addObserver(observe)

    state = {"timed_out": False, "status": None}

    def stop_after():
        state["timed_out"] = True
        if not config["client"]:
            factory.createReports(produceHtml=False)
        reactor.stop()

    start = fuzzing_server if config["client"] else fuzzing_client
    factory = start(fuzzing, reactor, config, state)
    timer = reactor.callLater(config["timeout"], stop_after)
    reactor.addSystemEventTrigger("before", "shutdown", lambda: timer.active() and timer.cancel())
    started = time.time()
    reactor.run()
    with open(os.path.join(config["outdir"], "fuzzer.json"), "w") as f:
        json.dump({"wall": time.time() - started, "errors": errors, **state}, f)
    return 0


if __name__ == "__main__":
    sys.exit(main())
