"""The text of a new client's files."""

CLIENT = """\
# yaml-language-server: $schema=../regbridge.schema.json
# Laid over ../base.yaml, key by key. `regbridge check` finds mistakes; the cases beside this file
# are its tests.

client: <NAME>

# The path that Cvent posts to. The token is never written here, only where it is.
endpoints:
  CventReg:
    path: <PATH>
    tokens:
      - env: <TOKEN>

# The events by a name of your own; `id` is Cvent's eventStub. All events are taken, named or not.
# events:
#   conference:
#     id: 00000000-1111-2222-3333-444444444444
#     time_zone: America/New_York

# In call order. The list replaces the one of base.yaml, so cvent-token is here again.
plugins:
  - cvent-token
  # - skip-guests

targets:
  # One JSON line for each registration, in a file that starts at the folder of base.yaml.
  registrations:
    use: files
    settings:
      path: delivered/<NAME>-registrations.jsonl
    map:
      # The target's field: where its value comes from, a JMESPath expression.
      ConfirmationNumber: {from: confirmationNumber, required: true}
      FirstName: firstName
      LastName: lastName
      Email: email
      Status: {from: inviteeStatus, default: ""}
"""

CASES = """\
# The client's tests: a message in, what must come out. `regbridge check` runs them.

- name: a registration
  payload:
    eventStub: 0B4C4410-1D46-43CD-A903-E8CF9DE6ADE5
    inviteeStub: 82506834-04D3-4C30-971A-DF06EACCD6CD
    contactStub: DB665428-84D2-4C1D-AF60-2150FCF1B29F
    confirmationNumber: LDNXB94RW6Z
    firstName: Rory
    lastName: Wamle
    email: rory.wamle@example.com
    inviteeStatus: Accepted
  expect:
    records:
      registrations:
        ConfirmationNumber: LDNXB94RW6Z
        FirstName: Rory
        LastName: Wamle
        Email: rory.wamle@example.com
        Status: Accepted
"""
