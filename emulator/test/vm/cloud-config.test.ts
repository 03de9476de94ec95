import { parseCloudConfig } from "../../src/vm/process/cloud-config";

const parse = (yaml: string) => parseCloudConfig(`#cloud-config\n${yaml}`);

describe("parseCloudConfig", () => {
    it("reads plain and base64 files, with cloud-init's default permissions", () => {
        const { writeFiles } = parse(`
write_files:
  - path: /etc/a
    content: "x\\n"
  - path: /etc/b
    encoding: b64
    content: AAH/
    permissions: "0755"
    owner: root:root
`);
        expect(writeFiles).toEqual([
            { path: "/etc/a", content: Buffer.from("x\n"), mode: 0o644 },
            { path: "/etc/b", content: Buffer.from([0, 1, 255]), mode: 0o755 },
        ]);
    });

    it("reads an unquoted mode as octal, as in YAML 1.1", () => {
        expect(parse("write_files: [{path: /a, permissions: 0600}]").writeFiles[0]?.mode).toBe(0o600);
    });

    it("reads commands as lists and as shell lines", () => {
        expect(parse("runcmd: [[systemctl, start, 5], echo hi]").runCommands).toEqual([
            ["systemctl", "start", "5"],
            "echo hi",
        ]);
    });

    it("accepts an empty config", () => {
        expect(parse("")).toEqual({ writeFiles: [], runCommands: [] });
    });

    it.each([
        ["#!/bin/sh\necho", '"#cloud-config"'],
        ["#cloud-config\nusers: []", '"users" is not emulated'],
        ["#cloud-config\nwrite_files: [{path: /a, append: true}]", "write_files[0].append"],
        ["#cloud-config\nwrite_files: [{path: /a/../b}]", "write_files[0].path"],
        ["#cloud-config\nwrite_files: [{path: /a, encoding: gzip}]", '"gzip"'],
        ["#cloud-config\nwrite_files: [{path: /a, permissions: rwx}]", '"rwx"'],
        ["#cloud-config\nwrite_files: [{path: /a, owner: chronos}]", '"chronos"'],
        ["#cloud-config\nruncmd: [[a, {}]]", "runcmd[0]"],
        ["#cloud-config\na: [", "not valid YAML"],
    ])("rejects %j with the reason", (text, why) => {
        expect(() => parseCloudConfig(text)).toThrow(why);
    });
});
