// @ts-check
// systemctl for the emulated VM. Passes its arguments to the VM's service manager and prints the result.

const http = require("node:http");

const host = process.env.EMULATOR_VM_CONTROL;
if (host === undefined) {
    process.stderr.write("systemctl: not in an emulated VM (EMULATOR_VM_CONTROL is unset)\n");
    process.exit(1);
}
const body = JSON.stringify({ args: process.argv.slice(2) });
const request = http.request(`${host}/systemctl`, {
    method: "POST",
    headers: { "content-type": "application/json", "metadata-flavor": "Google" },
    agent: false,
});
request.on("error", (error) => {
    process.stderr.write(`Failed to connect to bus: ${error.message}\n`);
    process.exit(1);
});
request.on("response", (response) => {
    const chunks = /** @type {Buffer[]} */ ([]);
    response.on("data", (chunk) => chunks.push(chunk));
    response.on("end", () => {
        const answer = JSON.parse(Buffer.concat(chunks).toString("utf8"));
        if (typeof answer.exitCode !== "number") {
            process.stderr.write(`Failed to connect to bus: HTTP ${response.statusCode}\n`);
            process.exit(1);
        }
        process.stdout.write(answer.stdout);
        process.stderr.write(answer.stderr);
        process.exitCode = answer.exitCode;
    });
});
request.end(body);
