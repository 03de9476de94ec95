import { BASE_SCOPES, PUBSUB_SCOPE, SECRETS_SCOPE } from "../../infra/defaults";
import { tableRows } from "../helpers/markdown";
import { declareJob } from "./declared-stack";

const PAGE = "docs/security.md";
const TOPIC = "projects/other/topics/finished";
const VERSION = "projects/other/secrets/api-key/versions/3";

/** The first cell of each row, without code formattingting. */
const names = (firstHeader: string) => tableRows(PAGE, firstHeader).map(([cell = ""]) => cell.replaceAll("`", ""));

describe("docs/security.md", () => {
    it("lists exactly the roles that the stack grants the VM's account", async () => {
        const { resources } = await declareJob({ secretEnv: JSON.stringify({ API_KEY: VERSION }), notify: TOPIC });
        const granted = resources.flatMap(({ inputs }) => (typeof inputs.role === "string" ? [inputs.role] : []));

        expect(granted.length).toBeGreaterThan(5);
        expect(names("role").sort()).toEqual([...new Set(granted)].sort());
    });

    it("explains for every role what uses it and why a lesser one does not suffice", () => {
        const cells = tableRows(PAGE, "role");

        expect(cells.filter((row) => row.length !== 4 || row.some((cell) => cell === ""))).toEqual([]);
    });

    it("lists exactly the OAuth scopes of a VM", () => {
        const scopes = [...BASE_SCOPES, SECRETS_SCOPE, PUBSUB_SCOPE].map((scope) => scope.replace(/^.*\/auth\//, ""));

        expect(names("scope")).toEqual(scopes);
    });
});
