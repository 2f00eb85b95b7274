/** Docker Hub's registry. It answers 401 to who has not logged in. */
const address = "https://registry-1.docker.io/v2/";

let answer: Promise<boolean> | undefined;

/** True when Docker Hub answers this machine within 3 s. Asked once a run. */
export function hubReachable(): Promise<boolean> {
  answer ??= fetch(address, { method: "HEAD", signal: AbortSignal.timeout(3000) }).then(
    (response) => response.status === 200 || response.status === 401,
    () => false,
  );
  return answer;
}
