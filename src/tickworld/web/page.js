const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/socket`);
socket.binaryType = "arraybuffer";
socket.onmessage = ({ data }) => {
  const length = new DataView(data).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  if (header.hello) document.title = header.hello.title;
};
