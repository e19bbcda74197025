"""E2B's own client makes, uses, lists and ends a sandbox."""

from e2b import Sandbox, SandboxQuery


def listed():
    pages = Sandbox.list(query=SandboxQuery(metadata={"who": "the official client"}))
    found = []
    while pages.has_next:
        found.extend(pages.next_items())
    print(f"listed: {len(found)}", flush=True)


sandbox = Sandbox.create(timeout=120, metadata={"who": "the official client"})
print("made", flush=True)
result = sandbox.commands.run("echo hello from $WHERE; exit 0", envs={"WHERE": "inside"})
try:
    sandbox.commands.run("exit 3")
    code = 0
except Exception as error:
    code = error.exit_code
print(f"ran: {result.stdout.strip()}, {code}", flush=True)
listed()
sandbox.kill()
print("killed", flush=True)
listed()
