import { TestEmulator } from "../../src/testing";
import { checkExchanges, type Report } from "./discovery/exchanges";
import { Recorder } from "./discovery/recorder";
import { googleDocuments, missingPython } from "./python";

/**
 * Tests whether a path belongs to one of Google's APIs, rather than to the OCI registry, the console, or the routes for
 * tests and operators.
 */
export const isGoogles = (path: string) => !/^\/(v2(\/(?!entries\\?:)|$)|emulator\/|console\/|$)/.test(path);

/** An emulator behind a recorder. Clients under test connect to the recorder. */
export class JudgedEmulator {
    readonly emulator: TestEmulator;
    readonly recorder: Recorder;

    constructor(emulator: TestEmulator, recorder: Recorder) {
        this.emulator = emulator;
        this.recorder = recorder;
    }

    /** @param prefix inserted before the path of every request */
    static async start(prefix = ""): Promise<JudgedEmulator> {
        const emulator = await TestEmulator.start({ batch: { tickMs: 50 } });
        return new JudgedEmulator(emulator, await Recorder.start(emulator.url, prefix));
    }

    /** Address of the recorder. */
    get url(): string {
        return this.recorder.url;
    }

    /**
     * Checks everything recorded so far against Google's descriptions. Returns undefined if they are not installed on
     * this machine.
     */
    report(): Report | undefined {
        return missingPython === undefined
            ? checkExchanges(this.recorder.exchanges, googleDocuments(), isGoogles)
            : undefined;
    }

    async stop(): Promise<void> {
        await this.recorder.stop();
        await this.emulator.stop();
    }
}
