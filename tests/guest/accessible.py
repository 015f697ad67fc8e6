#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What programs show, read and pressed through the accessibility bus as a screen reader would.

accessible.py says TEXT: whether anything shown has it; accessible.py press NAME: presses what is named so."""
import sys

from gi.repository import Gio, GLib

ACCESSIBLE = "org.a11y.atspi.Accessible"
SHOWING = 25  # ATSPI_STATE_SHOWING
DEEPEST = 30  # deeper than any window of ours: a cycle in what a program tells must not hang


def connect(address):
    flags = Gio.DBusConnectionFlags
    return Gio.DBusConnection.new_for_address_sync(
        address, flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)


def ask(bus, name, path, interface, method, kind="()", *arguments):
    return bus.call_sync(name, path, interface, method, GLib.Variant(kind, arguments), None, 0, 10000, None).unpack()


def get(bus, name, path, interface, key):
    return ask(bus, name, path, "org.freedesktop.DBus.Properties", "Get", "(ss)", interface, key)[0]


class Accessible:
    def __init__(self, session):
        self.bus = connect(ask(session, "org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress")[0])

    def parts(self):
        """Name and reference of all that is shown, hidden pages left out."""
        found = []

        def collect(reference, depth):
            found.append((get(self.bus, *reference, ACCESSIBLE, "Name"), reference))
            for part in ask(self.bus, *reference, ACCESSIBLE, "GetChildren")[0] if depth < DEEPEST else []:
                if depth == 0 or ask(self.bus, *part, ACCESSIBLE, "GetState")[0][0] >> SHOWING & 1:
                    collect(part, depth + 1)

        try:
            collect(("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root"), 0)
        except GLib.Error:
            pass  # what went while it was asked
        return found

    def names(self):
        return [name for name, _ in self.parts()]

    def says(self, text):
        return any(text in name for name in self.names())

    def press(self, wanted):
        for name, reference in self.parts():
            if name == wanted:
                return ask(self.bus, *reference, "org.a11y.atspi.Action", "DoAction", "(i)", 0)[0]
        return False


def main():
    accessible = Accessible(Gio.bus_get_sync(Gio.BusType.SESSION))
    verb, text = sys.argv[1:]
    sys.exit(0 if {"says": accessible.says, "press": accessible.press}[verb](text) else 1)


if __name__ == "__main__":
    main()
