import type { Answer, TestEmulator } from "../../src/testing";

export const PROJECT_ID = "demo-project";
export const ZONE = `projects/${PROJECT_ID}/zones/us-central1-a`;
export const INSTANCES = `/compute/v1/${ZONE}/instances`;
export const ACCOUNT = `trainer@${PROJECT_ID}.iam.gserviceaccount.com`;

/** The smallest instance that Compute Engine accepts. */
export function instanceBody(name: string, more: object = {}): object {
    return {
        name,
        machineType: `zones/us-central1-a/machineTypes/e2-small`,
        disks: [
            {
                boot: true,
                autoDelete: true,
                initializeParams: { sourceImage: "projects/cos-cloud/global/images/family/cos-stable" },
            },
        ],
        networkInterfaces: [{ network: "global/networks/default" }],
        ...more,
    };
}

/** Builds a cloud-config with files and commands. */
export function cloudConfig(
    files: Readonly<Record<string, string>>,
    ...commands: (string | readonly string[])[]
): string {
    const entries = Object.entries(files).map(([path, content]) => ({
        path,
        encoding: "b64",
        content: Buffer.from(content).toString("base64"),
    }));
    // JSON is valid YAML.
    return `#cloud-config\n${JSON.stringify({ write_files: entries, runcmd: commands })}\n`;
}

/** Builds a cloud-config with one service, `t.service`, that is implemented by a script: `$1` is pre, run or post. */
export function serviceConfig(script: string, more: { unit?: string; service?: string } = {}): string {
    const bash = "/bin/bash /etc/t/t.sh";
    const unit = `[Unit]\nSuccessAction=poweroff\nFailureAction=poweroff\n${more.unit ?? ""}
[Service]\nType=exec\nKillMode=mixed\nStandardOutput=journal+console\nStateDirectory=t
ExecStartPre=${bash} pre\nExecStart=${bash} run\nExecStopPost=-${bash} post\n${more.service ?? ""}\n`;
    return cloudConfig(
        { "/etc/systemd/system/t.service": unit, "/etc/t/t.sh": script },
        ["systemctl", "daemon-reload"],
        ["systemctl", "start", "--no-block", "t.service"],
    );
}

/** An instance, controlled through Compute Engine's API. */
export class TestInstance {
    readonly emulator: TestEmulator;
    readonly name: string;

    constructor(emulator: TestEmulator, name: string) {
        this.emulator = emulator;
        this.name = name;
    }

    /** Creates an instance and boots it with this user-data. */
    static async create(
        emulator: TestEmulator,
        name: string,
        userData: string,
        more: object = {},
    ): Promise<TestInstance> {
        const metadata = { items: [{ key: "user-data", value: userData }] };
        const answer = await emulator.call("POST", INSTANCES, { body: instanceBody(name, { metadata, ...more }) });
        if (answer.status !== 200) {
            throw new Error(`instance ${name}: ${answer.text}`);
        }
        return new TestInstance(emulator, name);
    }

    get(): Promise<Answer> {
        return this.emulator.call("GET", `${INSTANCES}/${this.name}`);
    }

    post(method: string, body?: object): Promise<Answer> {
        return this.emulator.call("POST", `${INSTANCES}/${this.name}/${method}`, body === undefined ? {} : { body });
    }

    delete(): Promise<Answer> {
        return this.emulator.call("DELETE", `${INSTANCES}/${this.name}`);
    }

    async preempt(): Promise<Answer> {
        return await this.emulator.call("POST", `/emulator/v1/${ZONE}/instances/${this.name}:preempt`);
    }

    async status(): Promise<unknown> {
        return (await this.get()).at("status");
    }

    async serial(): Promise<string> {
        return String((await this.emulator.call("GET", `${INSTANCES}/${this.name}/serialPort`)).at("contents"));
    }

    /** Returns the output from the VM's programs, without timestamps or program names. */
    async output(): Promise<string[]> {
        const lines = (await this.serial()).split("\n");
        return lines.flatMap((line) => /^\[[ .\d]+\] bash\[\d+\]: (.*)$/.exec(line)?.[1] ?? []);
    }

    /** @param status undefined to wait until the instance is deleted */
    async untilStatus(status: string | undefined): Promise<void> {
        while ((await this.status()) !== status) {
            await pause();
        }
    }

    /** Waits until the serial port contains this text, and returns all output. */
    async untilSerial(text: string): Promise<string> {
        for (;;) {
            const serial = await this.serial();
            if (serial.includes(text)) {
                return serial;
            }
            await pause();
        }
    }
}

export function pause(ms = 20): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
}
