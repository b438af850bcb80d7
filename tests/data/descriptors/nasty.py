# SPDX-License-Identifier: MIT
# Descriptors made to hurt; run by tests/system/30-wrong-descriptors.sh, which has `good` and `nasty`.
G = good
nasty('only blanks', 'app.json', ' \n\t \n',
      '1:1: found nothing, expected an object')
nasty('a zero byte', 'app.json', G.replace('app', 'a\0p'),
      '1:27: found the byte 0x00, which is no text, expected UTF-8 without control characters')
nasty('a zero byte at the end', 'app.json', G + '\0',
      '1:169: found the byte 0x00, which is no text, expected UTF-8 without control characters')
nasty('only zero bytes', 'app.json', '\0' * 100,
      '1:1: found the byte 0x00, which is no text, expected UTF-8 without control characters')
nasty('an escaped zero byte', 'app.json', G.replace('app', 'a\\u0000p'),
      '1:34: this is not JSON: \\u0000 is not allowed without JSON_ALLOW_NUL near '
      '\'"a\\u0000p"\'; take the control character out')
nasty('an escape sequence', 'app.json', G.replace('app', 'a\\u001b[31mp'),
      '1:25: found a control character in a text, expected printable text')
nasty('a raw escape sequence', 'app.json', G.replace('app', 'a\x1b[31mp'),
      '1:27: found the byte 0x1b, which is no text, expected UTF-8 without control characters')
nasty('an escape sequence as a field', 'app.json', G.replace('"name": "app"', '"name": "app", "\\u001b]0;x\\u0007": 1'),
      '1:32: found a control character in a text, expected printable text')
nasty('a control sequence in one character', 'app.json', G.replace('app', 'a\\u009b31m'),
      '1:25: found a control character in a text, expected printable text')
nasty('text that turns around', 'app.json', G.replace('app', 'a\\u202egpj'),
      '1:25: found a control character in a text, expected printable text')
nasty('a new line in a name', 'app.json', G.replace('app', 'a\\nerror: all is lost'),
      '1:25: found a control character in a text, expected printable text')
nasty('not UTF-8', 'app.json', G.encode().replace(b'app', b'a\xffp'),
      '1:27: found the byte 0xff, which is no text, expected UTF-8 without control characters')
nasty('Latin-1', 'app.json', G.encode().replace(b'app', b'caf\xe9'),
      '1:29: found the byte 0xe9, which is no text, expected UTF-8 without control characters')
nasty('half a surrogate pair', 'app.json', G.replace('app', 'a\\ud800p'),
      '1:34: this is not JSON: invalid Unicode \'\\uD800\' near \'"a\\ud800p"\'; write the '
      'character itself')
nasty('UTF-16', 'app.json', G.encode('utf-16'),
      '1:1: found the byte 0xff, which is no text, expected UTF-8 without control characters')
nasty('UTF-16 without a mark', 'app.json', G.encode('utf-16-le'),
      '1:2: found the byte 0x00, which is no text, expected UTF-8 without control characters')
nasty('a byte order mark', 'app.json', b'\xef\xbb\xbf' + G.encode(),
      '1:1: found a byte order mark, expected UTF-8 without one')
nasty('binary', 'app.json', bytes(range(256)) * 4,
      '1:1: found the byte 0x00, which is no text, expected UTF-8 without control characters')
nasty('an ELF file', 'app.json', b'\x7fELF\x02\x01\x01' + bytes(64),
      '1:1: found the byte 0x7f, which is no text, expected UTF-8 without control characters')
nasty('text behind the object', 'app.json', G + ' x',
      "1:170: this is not JSON: end of file expected near 'x'; expected nothing behind the "
      'closing brace')
nasty('two objects', 'app.json', G + G,
      "1:169: this is not JSON: end of file expected near '{'; expected nothing behind the "
      'closing brace')
nasty('lines that end as on other systems, and a mistake', 'app.json', G.replace(', "', ',\r\n "').replace('native', 'natvie'),
      '7:9: nodes[0].tee: found "natvie", expected "native", "sancus", "sgx" or "trustzone" (did you mean "native"?)')
nasty('only carriage returns, and a mistake', 'app.json', G.replace(', "', ',\r "').replace('native', 'natvie'),
      '4:9: nodes[0].tee: found "natvie", expected "native", "sancus", "sgx" or "trustzone" (did you mean "native"?)')
nasty('nested deeply', 'app.json', '[' * 100000 + ']' * 100000,
      "1:2049: this is not JSON: maximum parsing depth reached near '['; expected at most "
      '16 levels')
nasty('nested a little too deeply', 'app.json', G.replace('"app"', '[' * 20 + ']' * 20),
      '1:40: found values nested too deep, expected at most 16 levels')
nasty('nested and never closed', 'app.json', '{"a":' * 50000,
      "1:10241: this is not JSON: maximum parsing depth reached near '{'; expected at most "
      '16 levels')
nasty('a huge number', 'app.json', G.replace('1,', '9' * 400 + ',', 1),
      '1:413: this is not JSON: too big integer; expected a number of at most 15 digits')
nasty('a number beyond 64 bits', 'app.json', G.replace('1,', '18446744073709551617,', 1),
      "1:33: this is not JSON: too big integer near '18446744073709551617'; expected a "
      'number of at most 15 digits')
nasty('a negative number', 'app.json', G.replace('1,', '-1,', 1),
      '1:14: causeway: found -1, expected 1: the version of descriptors that this program reads')
nasty('a fraction', 'app.json', G.replace('1,', '1.0,', 1),
      '1:14: causeway: found 1.0, expected a whole number')
nasty('an exponent', 'app.json', G.replace('1,', '1e0,', 1),
      '1:14: causeway: found 1e0, expected a whole number')
nasty('not a number', 'app.json', G.replace('1,', 'NaN,', 1),
      "1:16: this is not JSON: invalid token near 'NaN'; expected a text in double quotes, "
      'a whole number, true, false, null, { or [')
nasty('a leading zero', 'app.json', G.replace('1,', '01,', 1),
      "1:14: this is not JSON: invalid token near '0'; expected a text in double quotes, a "
      'whole number, true, false, null, { or [')
nasty('hexadecimal', 'app.json', G.replace('1,', '0x1,', 1),
      "1:15: this is not JSON: '}' expected near 'x'; write the number with decimal digits")
nasty('single quotes', 'app.json', G.replace('"app"', "'app'"),
      "1:25: this is not JSON: invalid token near '''; texts and names stand in double quotes")
nasty('a name without quotes', 'app.json', G.replace('"name": "app"', 'name: "app"'),
      "1:20: this is not JSON: string or '}' expected near 'name'; is a comma, colon, "
      'quote or bracket missing before it?')
nasty('a comma before the end', 'app.json', G[:-1] + ',}',
      "1:169: this is not JSON: string or '}' expected near '}'; take out the comma before it")
nasty('a missing comma', 'app.json', G.replace(', "name"', ' "name"', 1),
      '1:21: this is not JSON: \'}\' expected near \'"name"\'; is a comma, colon, quote or '
      'bracket missing before it?')
nasty('a comment', 'app.json', '// mine\n' + G,
      "1:1: this is not JSON: invalid token near '/'; JSON has no comments: take it out, "
      'or write YAML into app.yaml')
nasty('a very long name', 'app.json', G.replace('app', 'a' * 100000),
      '1:25: name: found "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\", expected 1 to 48 letters, digits, '_', '-' or "
      "'.', the first a letter or digit")
nasty('a very long field', 'app.json', G.replace('"name": "app"', '"name": "app", "' + 'f' * 100000 + '": 1'),
      '1:32: descriptor: found the unknown field '
      '"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'
      'fffffffffffffff...", expected one of: causeway, name, nodes, modules, connections, '
      'periodic_events, policy')
nasty('an empty name', 'app.json', G.replace('"app"', '""'),
      '1:25: name: found "", expected 1 to 48 letters, digits, \'_\', \'-\' or \'.\', the first '
      'a letter or digit')
nasty('an empty field', 'app.json', G.replace('"name": "app"', '"name": "app", "": 1'),
      '1:32: descriptor: found the unknown field "", expected one of: causeway, name, '
      'nodes, modules, connections, periodic_events, policy')
nasty('nothing as a name', 'app.json', G.replace('"app"', 'null'),
      '1:25: name: found nothing, expected a text')
nasty('the source is a folder', 'app.json', G.replace('ping.c', 'folder.c'),
      '1:157: modules[0].sources[0]: found "folder.c", which is a folder, expected a file')
nasty('a number as a name', 'app.json', G.replace('"app"', '1.5'),
      '1:25: name: found 1.5, expected a text')
nasty('a long number as a name', 'app.json', G.replace('"app"', '12345678901234567'),
      '1:25: name: found 12345678901234567, expected a text')
nasty('a fraction as a name', 'app.yaml', 'name: 1.5\n',
      '1:1: descriptor: found no "causeway", expected a whole number',
      '1:1: descriptor: found no "modules", expected a list',
      '1:1: descriptor: found no "nodes", expected a list',
      '1:7: name: found 1.5, expected a text')
nasty('a source outside', 'app.json', G.replace('ping.c', '/dev/zero'),
      '1:157: modules[0].sources[0]: found "/dev/zero", expected a file that ends in .c')
nasty('a port of many digits', 'app.json', G.replace(':1"', ':00000000000000000001"'),
      '1:85: nodes[0].address: found "127.0.0.1:00000000000000000001", expected host:port '
      'or [IPv6]:port, the port from 1 to 65535, or "local"')
nasty('an address of a kilobyte', 'app.json', G.replace('127.0.0.1', 'a' * 1000),
      '1:85: nodes[0].address: found '
      '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
      'aaaaaaaaaaaaaaa...", expected host:port or [IPv6]:port, the port from 1 to 65535, or "local"')
nasty('three modules of one name', 'app.json', json.dumps({'causeway': 1, 'name': 'a', 'nodes': [{'name': 'n1', 'tee': 'native', 'address': 'h:1'}], 'modules': [{'name': 'm', 'node': 'n1', 'sources': ['ping.c']}] * 3}),
      '1:165: modules[1].name: found "m" again, expected a name of its own (first in line 1)',
      '1:217: modules[2].name: found "m" again, expected a name of its own (first in line 1)')
Y = '''causeway: 1
name: app
nodes: [{name: n1, tee: native, address: "127.0.0.1:1"}]
modules: [{name: ping, node: n1, sources: [ping.c]}]
'''
nasty('an empty file', 'app.yaml', '',
      '1:1: found nothing, expected an object')
nasty('only a comment', 'app.yaml', '# nothing\n',
      '1:1: found nothing, expected an object')
nasty('an alias of itself', 'app.yaml', Y + 'policy: &a {allow_emulated: *a}\n',
      '5:30: found an alias, expected a plain value')
nasty('a billion laughs', 'app.yaml', 'a: &a [x,x,x,x,x,x,x,x,x]\n' + ''.join('%s: &%s [%s]\n' % (chr(98 + i), chr(98 + i), ','.join(['*' + chr(97 + i)] * 9)) for i in range(9)),
      '2:9: found an alias, expected a plain value')
nasty('a merge', 'app.yaml', Y + 'policy:\n  <<: {allow_emulated: true}\n',
      '6:3: policy: found the unknown field "<<", expected one of: allow_emulated, '
      'allow_unprotected, require_freshness, allow_debug')
nasty('a tag', 'app.yaml', Y.replace('app', '!!python/object:os.system app'),
      '2:33: found an anchor or a tag, expected a plain value')
nasty('a tab', 'app.yaml', Y + 'policy:\n\tallow_emulated: true\n',
      '6:1: this is not YAML: tab character may not be used as indentation; look at '
      'indentation (spaces, no tabs), colons, quotes and brackets there')
nasty('wrong indentation', 'app.yaml', Y + '  policy: {}\n',
      '5:3: this is not YAML: invalid indentation in mapping; look at indentation (spaces, '
      'no tabs), colons, quotes and brackets there')
nasty('two documents', 'app.yaml', Y + '---\n' + Y,
      '6:1: found a second document, expected one per file')
nasty('a directive', 'app.yaml', '%YAML 9.9\n---\n' + Y,
      '1:1: this is not YAML: no more is known; look at indentation (spaces, no tabs), '
      'colons, quotes and brackets there')
nasty('a key twice', 'app.yaml', Y + 'name: app\n',
      '5:1: descriptor: found "name" again, expected it once (first in line 2)')
nasty('a list as a key', 'app.yaml', Y + '? [a, b]\n: c\n',
      '5:3: found an object or a list as a key, expected a name')
nasty('an unclosed quote', 'app.yaml', Y.replace('app', '"app'),
      '2:7: this is not YAML: wrongly indented double-quoted scalar; look at indentation '
      '(spaces, no tabs), colons, quotes and brackets there')
nasty('an escape sequence', 'app.yaml', Y.replace('app', '"a\\e[31m"'),
      '2:7: found a control character in a text, expected printable text')
nasty('a zero byte', 'app.yaml', Y.replace('app', 'a\0p'),
      '2:8: found the byte 0x00, which is no text, expected UTF-8 without control characters')
nasty('not UTF-8', 'app.yaml', Y.encode().replace(b'app', b'a\xffp'),
      '2:8: found the byte 0xff, which is no text, expected UTF-8 without control characters')
nasty('yes is no truth', 'app.yaml', Y + 'policy: {allow_emulated: yes}\n',
      '5:26: policy.allow_emulated: found yes, expected true or false')
nasty('an octal number', 'app.yaml', Y.replace('causeway: 1', 'causeway: 0o1'),
      '1:11: causeway: found 0o1, expected a whole number')
nasty('nested deeply', 'app.yaml', '[' * 5000 + ']' * 5000,
      '1:17: found values nested too deep, expected at most 16 levels')
nasty('nested by indentation', 'app.yaml', ''.join(' ' * i + 'a:\n' for i in range(200)),
      '17:17: found values nested too deep, expected at most 16 levels')
nasty('a text of many lines', 'app.yaml', Y.replace('app', '|\n  a\n  b'),
      '3:1: found a control character in a text, expected printable text')
nasty('binary', 'app.yaml', bytes(range(256)) * 4,
      '1:1: found the byte 0x00, which is no text, expected UTF-8 without control characters')
nasty('JSON in a YAML file, with a mistake', 'app.yaml', G.replace('native', 'natvie'),
      '1:64: nodes[0].tee: found "natvie", expected "native", "sancus", "sgx" or "trustzone" (did you mean "native"?)')
nasty('another ending', 'app.yml', Y.replace('native', 'natvie'),
      '3:25: nodes[0].tee: found "natvie", expected "native", "sancus", "sgx" or "trustzone" (did you mean "native"?)')
