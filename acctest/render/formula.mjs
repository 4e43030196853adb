// Reckons formulas as Kibana's TSVB does: reads a list of a script with what it is about from standard input, writes a list of results to standard output, both JSON.
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';

const { evaluate } = createRequire(process.argv[1] + '/package.json')('tinymath');
const jobs = JSON.parse(await text(process.stdin));
process.stdout.write(JSON.stringify(jobs.map(({ script, params }) => evaluate(script, { params }))));
