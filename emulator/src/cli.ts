#!/usr/bin/env node
import path from "node:path";
import type { Emulator } from ".";
import { CommandError, emulatorCommand } from "./command";

const OPTIONS = {
    command: "gcp-emulator",
    summary:
        "gcp-emulator serves parts of Google Cloud on this machine: Storage, Compute Engine, Artifact Registry, IAM.",
    dataDir: path.resolve(".gcp-emulator"),
    dataDirText: ".gcp-emulator in this folder",
    readme: "README.md of the package",
    print: (text: string) => console.log(text),
    nextSteps: ({ url }: Emulator, tokenFile: string) =>
        [
            "",
            "The gcp provider of Pulumi or Terraform, and Google's client libraries, accept an access token, for example from",
            `  export GOOGLE_OAUTH_ACCESS_TOKEN="$(cat ${tokenFile})"`,
            "and custom endpoints such as",
            `  ${url}/storage/v1/   ${url}/compute/v1/`,
            "The README of this package has an example program for each. Ctrl-C stops the emulator and keeps its data.",
        ].join("\n"),
};

emulatorCommand(process.argv.slice(2), OPTIONS).then(
    (status) => {
        process.exitCode = status;
    },
    (error: Error) => {
        console.error(error instanceof CommandError ? `error: ${error.message}` : error.stack);
        process.exitCode = 1;
    },
);
