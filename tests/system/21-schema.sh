#!/bin/bash
# SPDX-License-Identifier: MIT
# The JSON Schema of descriptors and the tool's own rules say the same.
set -u -o pipefail
python3 -c 'import jsonschema' 2>/dev/null || {
    echo 'python3-jsonschema is not installed (./run setup)'
    exit 77
}
exec python3 - "$PWD/build/host/bin/causeway" <<'END'
import copy, glob, json, re, subprocess, sys, tempfile
import jsonschema

tool = sys.argv[1]
schema = json.load(open('share/causeway/app.schema.json'))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
passed = failed = 0


def check(name, good, why=''):
    global passed, failed
    if good:
        passed += 1
        print('ok:', name)
    else:
        failed += 1
        print('FAIL:', name, why)


def fits(text):
    try:
        return not list(validator.iter_errors(json.loads(text)))
    except ValueError:
        return False


for path in sorted(glob.glob('examples/*/*.json')):
    errors = [e.message for e in validator.iter_errors(json.load(open(path)))]
    status = subprocess.run([tool, 'validate', path], capture_output=True).returncode
    check(path + ' satisfies schema and tool', not errors and status == 0, errors)

# Every right descriptor of the table fits; of the wrong ones the schema finds what is form.
cases = re.findall(r'^=== (.*)\n--- app\.json\n((?:.*\n)*?)--- mistakes\n((?:(?!===).*\n)*)',
                   open('tests/data/descriptors/cases.txt').read(), re.M)
right = [c for c in cases if not c[2]]
wrong = [c for c in cases if c[2]]
bad = [c[0] for c in right if not fits(c[1])]
check('right descriptors fit the schema (%d)' % len(right), len(right) >= 2 and not bad, bad)
found = [c[0] for c in wrong if not fits(c[1])]
check('the schema finds most mistakes of form (%d of %d)' % (len(found), len(wrong)),
      len(found) >= 45)

# An unknown field makes the tool list what it knows: the same names as in the schema.
whole = json.loads(next(c[1] for c in cases if c[0] == 'right with everything'))
places = {
    'descriptor': (lambda d: d, schema),
    'nodes[0]': (lambda d: d['nodes'][0], schema['$defs']['node']),
    'nodes[1].memory': (lambda d: d['nodes'][1]['memory'],
                        schema['$defs']['node']['properties']['memory']),
    'modules[0]': (lambda d: d['modules'][0], schema['$defs']['module']),
    'connections[0]': (lambda d: d['connections'][0], schema['$defs']['connection']),
    'periodic_events[0]': (lambda d: d['periodic_events'][0], schema['$defs']['periodic_event']),
    'policy': (lambda d: d['policy'], schema['$defs']['policy']),
}
for place, (find, rules) in places.items():
    d = copy.deepcopy(whole)
    find(d)['zzzzzzzzzzzz'] = 1
    with tempfile.NamedTemporaryFile('w', suffix='.json') as f:
        json.dump(d, f)
        f.flush()
        said = subprocess.run([tool, 'validate', f.name], capture_output=True, text=True).stderr
    known = re.search(re.escape(place) + r': found the unknown field "z+", expected one of: (.*)',
                      said)
    names = set(known.group(1).split(', ')) if known else set()
    check('the fields of %s are those of the schema' % place, names == set(rules['properties']),
          sorted(names ^ set(rules['properties'])))

print('%d passed, %d failed, 0 skipped' % (passed, failed))
sys.exit(failed != 0)
END
