#include "fuzz.hpp"

std::vector<std::string> emdyn::fuzz::seeds() {
  return {"step,loss,acc\n1,2.5,0.1\n2,nan,\n1,inf,3\n",
          "run;step;name;value\r\na;1;x;2\r\n\"b;\"\"\n\";2;y;1,5\r\n",
          "\xEF\xBB\xBF\"step\"\t\"a\"\n1\t2\n",
          "timestamp,value\n2014-04-01 00:05:00,1\n2014-04-01T00:10:00.5+02:00,-1.#IND\n",
          "1\n2\n3e999\n-1e-999\n",
          "# c\nsuite,model,shots,step,task,metric,value,stderr\np,m,0,1,t,acc,0.3,0.1\n",
          ",a,a,\n0,1,2,\n1,2,x,\n"};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  emdyn::fuzz::check_parser(emdyn::fuzz::view_of(data, size), emdyn::collect::ingest::Format::csv);
  return 0;
}
